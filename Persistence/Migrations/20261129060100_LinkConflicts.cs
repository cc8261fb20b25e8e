using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>A failure of other content under a mail's id names that mail.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129060100_LinkConflicts")]
    public partial class LinkConflicts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                ALTER TABLE email.failures ADD COLUMN conflicts_with uuid NULL;
                COMMENT ON COLUMN email.failures.conflicts_with IS 'The mail (mails.id) whose id the record has without being it: other content under that id, or a dead letter of another group. Null else.';
                CREATE INDEX ix_failures_conflicts_with ON email.failures (conflicts_with) WHERE conflicts_with IS NOT NULL;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP INDEX email.ix_failures_conflicts_with;
            ALTER TABLE email.failures DROP COLUMN conflicts_with;
            """);
    }
}
