using System.Text.Json;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <inheritdoc />
    public partial class ScheduledMails : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropCheckConstraint(
                name: "ck_deliveries_hand_over",
                schema: "email",
                table: "deliveries");

            migrationBuilder.AlterColumn<string>(
                name: "hand_over",
                schema: "email",
                table: "deliveries",
                type: "text",
                nullable: true,
                comment: "What comes after the last attempt: redelivery, dead_letter or schedule; null while it runs or once it was sent.",
                oldClrType: typeof(string),
                oldType: "text",
                oldNullable: true,
                oldComment: "What comes after the last attempt: redelivery or dead_letter; null while it runs or once it was sent.");

            migrationBuilder.AlterColumn<int>(
                name: "attempt",
                schema: "email",
                table: "deliveries",
                type: "integer",
                nullable: false,
                comment: "The last delivery of this generation that a worker claimed, from 1; 0 after a replay, and while it is scheduled, until it is claimed.",
                oldClrType: typeof(int),
                oldType: "integer",
                oldComment: "The last delivery of this generation that a worker claimed, from 1; 0 after a replay until it is claimed.");

            migrationBuilder.AddColumn<JsonDocument>(
                name: "kept_headers",
                schema: "email",
                table: "deliveries",
                type: "jsonb",
                nullable: true,
                comment: "The headers of the copy that sends a scheduled mail when it is due: a list of {name, value} or {name, base64}.");

            migrationBuilder.AddColumn<byte[]>(
                name: "kept_key",
                schema: "email",
                table: "deliveries",
                type: "bytea",
                nullable: true,
                comment: "The key of a scheduled mail's record, byte for byte.");

            migrationBuilder.AddColumn<byte[]>(
                name: "kept_value",
                schema: "email",
                table: "deliveries",
                type: "bytea",
                nullable: true,
                comment: "The value of a scheduled mail's record, byte for byte, until the mail is claimed or canceled.");

            migrationBuilder.CreateIndex(
                name: "ix_deliveries_scheduled",
                schema: "email",
                table: "deliveries",
                column: "next_attempt_at",
                filter: "state = 'scheduled'");

            migrationBuilder.AddCheckConstraint(
                name: "ck_deliveries_hand_over",
                schema: "email",
                table: "deliveries",
                sql: "hand_over IN ('redelivery', 'dead_letter', 'schedule')");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_deliveries_scheduled",
                schema: "email",
                table: "deliveries");

            migrationBuilder.DropCheckConstraint(
                name: "ck_deliveries_hand_over",
                schema: "email",
                table: "deliveries");

            migrationBuilder.DropColumn(
                name: "kept_headers",
                schema: "email",
                table: "deliveries");

            migrationBuilder.DropColumn(
                name: "kept_key",
                schema: "email",
                table: "deliveries");

            migrationBuilder.DropColumn(
                name: "kept_value",
                schema: "email",
                table: "deliveries");

            migrationBuilder.AlterColumn<string>(
                name: "hand_over",
                schema: "email",
                table: "deliveries",
                type: "text",
                nullable: true,
                comment: "What comes after the last attempt: redelivery or dead_letter; null while it runs or once it was sent.",
                oldClrType: typeof(string),
                oldType: "text",
                oldNullable: true,
                oldComment: "What comes after the last attempt: redelivery, dead_letter or schedule; null while it runs or once it was sent.");

            migrationBuilder.AlterColumn<int>(
                name: "attempt",
                schema: "email",
                table: "deliveries",
                type: "integer",
                nullable: false,
                comment: "The last delivery of this generation that a worker claimed, from 1; 0 after a replay until it is claimed.",
                oldClrType: typeof(int),
                oldType: "integer",
                oldComment: "The last delivery of this generation that a worker claimed, from 1; 0 after a replay, and while it is scheduled, until it is claimed.");

            migrationBuilder.AddCheckConstraint(
                name: "ck_deliveries_hand_over",
                schema: "email",
                table: "deliveries",
                sql: "hand_over IN ('redelivery', 'dead_letter')");
        }
    }
}
