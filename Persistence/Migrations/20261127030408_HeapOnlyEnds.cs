using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>
    /// A mail's end changes its row on its page alone (a heap-only update): no index asks for what the end changes, and pages have room
    /// for the changed rows. What was written before has to be rewritten once to have that room, which is not worth it: it has ended.
    /// </summary>
    public partial class HeapOnlyEnds : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_deliveries_dead",
                schema: "email",
                table: "deliveries");

            migrationBuilder.DropIndex(
                name: "ix_deliveries_scheduled",
                schema: "email",
                table: "deliveries");

            migrationBuilder.DropIndex(
                name: "ix_deliveries_unfinished",
                schema: "email",
                table: "deliveries");

            // By hand, as it was made by hand (Retention).
            migrationBuilder.Sql("DROP INDEX email.ix_deliveries_ended;");

            migrationBuilder.AlterTable(
                name: "deliveries",
                schema: "email",
                comment: "One row per mail, in exactly one state. A mail without a row is still unread in the topic.",
                oldComment: "One row per mail, in exactly one state. A mail without a row is still unread in the topic.")
                .Annotation("Npgsql:StorageParameter:fillfactor", 50);

            migrationBuilder.CreateIndex(
                name: "ix_deliveries_created",
                schema: "email",
                table: "deliveries",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "ix_deliveries_handed_over",
                schema: "email",
                table: "deliveries",
                columns: new[] { "hand_over", "next_attempt_at" },
                filter: "hand_over IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_deliveries_created",
                schema: "email",
                table: "deliveries");

            migrationBuilder.DropIndex(
                name: "ix_deliveries_handed_over",
                schema: "email",
                table: "deliveries");

            migrationBuilder.AlterTable(
                name: "deliveries",
                schema: "email",
                comment: "One row per mail, in exactly one state. A mail without a row is still unread in the topic.",
                oldComment: "One row per mail, in exactly one state. A mail without a row is still unread in the topic.")
                .OldAnnotation("Npgsql:StorageParameter:fillfactor", 50);

            migrationBuilder.CreateIndex(
                name: "ix_deliveries_dead",
                schema: "email",
                table: "deliveries",
                column: "ended_at",
                filter: "state = 'dead'");

            migrationBuilder.CreateIndex(
                name: "ix_deliveries_scheduled",
                schema: "email",
                table: "deliveries",
                column: "next_attempt_at",
                filter: "state = 'scheduled'");

            migrationBuilder.Sql("""
                CREATE INDEX ix_deliveries_ended ON email.deliveries (ended_at) WHERE state IN ('sent', 'canceled', 'replaced', 'discarded');
                """);

            migrationBuilder.CreateIndex(
                name: "ix_deliveries_unfinished",
                schema: "email",
                table: "deliveries",
                columns: new[] { "state", "created_at" },
                filter: "state IN ('scheduled', 'queued', 'sending')");
        }
    }
}
