using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>Leaves room on the pages of recipients for their outcomes.</summary>
    public partial class RecipientPages : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AlterTable(
                name: "delivery_recipients",
                schema: "email",
                comment: "The recipients of each mail and what became of it for each of them.",
                oldComment: "The recipients of each mail and what became of it for each of them.")
                .Annotation("Npgsql:StorageParameter:fillfactor", 70);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AlterTable(
                name: "delivery_recipients",
                schema: "email",
                comment: "The recipients of each mail and what became of it for each of them.",
                oldComment: "The recipients of each mail and what became of it for each of them.")
                .OldAnnotation("Npgsql:StorageParameter:fillfactor", 70);
        }
    }
}
