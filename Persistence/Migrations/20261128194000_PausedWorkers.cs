using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>A worker's heartbeat says whether it pauses, so that a mail's page can tell what the mail waits for.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261128194000_PausedWorkers")]
    public partial class PausedWorkers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                ALTER TABLE email.workers ADD COLUMN paused_since timestamptz NULL, ADD COLUMN paused_reason text NULL;

                COMMENT ON COLUMN email.workers.paused_since IS 'Since when it sends nothing, as a dependency is unavailable, by its last heartbeat; null while it sends.';
                COMMENT ON COLUMN email.workers.paused_reason IS 'Why it sends nothing.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) =>
            migrationBuilder.Sql("ALTER TABLE email.workers DROP COLUMN paused_since, DROP COLUMN paused_reason;");
    }
}
