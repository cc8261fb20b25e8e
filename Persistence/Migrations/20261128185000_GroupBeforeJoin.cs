using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>The views group before they join: at two million mails they took seconds. Columns and comments stay as they are.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261128185000_GroupBeforeJoin")]
    public partial class GroupBeforeJoin : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE OR REPLACE VIEW email.mails_by_state AS
                SELECT states.state, coalesce(counted.mails, 0) AS mails, counted.oldest, counted.newest
                FROM unnest(ARRAY['scheduled', 'queued', 'sending', 'sent', 'dead', 'canceled', 'discarded'])
                    WITH ORDINALITY AS states (state, ordinal)
                LEFT JOIN (
                    SELECT state, count(*) AS mails, min(created_at) AS oldest, max(created_at) AS newest FROM email.mails GROUP BY state
                ) AS counted ON counted.state = states.state
                ORDER BY states.ordinal;
                """);

            // The latest of each cause is found by ix_failures_fingerprint; sorting all messages took most of the time.
            migrationBuilder.Sql("""
                CREATE OR REPLACE VIEW email.failure_groups AS
                SELECT
                    causes.fingerprint,
                    latest.exception_type,
                    latest.message AS sample_message,
                    causes.failures,
                    causes.open_failures,
                    causes.first_seen,
                    causes.last_seen
                FROM (
                    SELECT
                        fingerprint,
                        count(*) AS failures,
                        count(*) FILTER (WHERE status = 'unresolved') AS open_failures,
                        min(failed_at) AS first_seen,
                        max(failed_at) AS last_seen
                    FROM email.failures
                    GROUP BY fingerprint
                ) AS causes
                CROSS JOIN LATERAL (
                    SELECT f.exception_type, f.message FROM email.failures AS f
                    WHERE f.fingerprint = causes.fingerprint
                    ORDER BY f.failed_at DESC, f.id DESC
                    LIMIT 1
                ) AS latest;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            // The views of before have the same columns and say the same: what this one replaced may stay.
        }
    }
}
