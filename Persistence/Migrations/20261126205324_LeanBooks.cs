using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>
    /// A mail costs fewer writes: no constraint between recipients and mails, which the statements keep themselves; one index of
    /// unfinished mails instead of two; no room on the pages of recipients, which are written once.
    /// </summary>
    public partial class LeanBooks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // By hand: the model keeps the relation (DeliveryRecipientConfiguration).
            migrationBuilder.DropForeignKey(
                name: "fk_delivery_recipients_deliveries_delivery_id",
                schema: "email",
                table: "delivery_recipients");

            migrationBuilder.DropIndex(
                name: "ix_deliveries_sending_worker",
                schema: "email",
                table: "deliveries");

            migrationBuilder.DropIndex(
                name: "ix_deliveries_unfinished",
                schema: "email",
                table: "deliveries");

            migrationBuilder.AlterTable(
                name: "delivery_recipients",
                schema: "email",
                comment: "The recipients of each mail and what became of it for each of them, written when its first attempt has ended (a scheduled mail's at once).",
                oldComment: "The recipients of each mail and what became of it for each of them.")
                .OldAnnotation("Npgsql:StorageParameter:fillfactor", 70);

            migrationBuilder.CreateIndex(
                name: "ix_deliveries_unfinished",
                schema: "email",
                table: "deliveries",
                columns: new[] { "state", "created_at" },
                filter: "state IN ('scheduled', 'queued', 'sending')");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_deliveries_unfinished",
                schema: "email",
                table: "deliveries");

            migrationBuilder.AlterTable(
                name: "delivery_recipients",
                schema: "email",
                comment: "The recipients of each mail and what became of it for each of them.",
                oldComment: "The recipients of each mail and what became of it for each of them, written when its first attempt has ended (a scheduled mail's at once).")
                .Annotation("Npgsql:StorageParameter:fillfactor", 70);

            migrationBuilder.CreateIndex(
                name: "ix_deliveries_sending_worker",
                schema: "email",
                table: "deliveries",
                column: "worker_id",
                filter: "state = 'sending'");

            migrationBuilder.CreateIndex(
                name: "ix_deliveries_unfinished",
                schema: "email",
                table: "deliveries",
                column: "created_at",
                filter: "state IN ('scheduled', 'queued', 'sending')");

            migrationBuilder.AddForeignKey(
                name: "fk_delivery_recipients_deliveries_delivery_id",
                schema: "email",
                table: "delivery_recipients",
                column: "delivery_id",
                principalSchema: "email",
                principalTable: "deliveries",
                principalColumn: "id",
                onDelete: ReferentialAction.Cascade);
        }
    }
}
