using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>The views for people, and what the model cannot say: an index on an expression, the comments of the tool's own table.</summary>
    public partial class Views : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // "Which mails of this recipient", in whatever case.
            migrationBuilder.Sql("CREATE INDEX ix_delivery_recipients_address ON email.delivery_recipients (lower(address));");

            migrationBuilder.Sql("""
                CREATE VIEW email.failure_groups AS
                SELECT
                    fingerprint,
                    (array_agg(exception_type ORDER BY failed_at DESC))[1] AS exception_type,
                    (array_agg(message ORDER BY failed_at DESC))[1] AS sample_message,
                    count(*) AS failures,
                    count(*) FILTER (WHERE status = 'unresolved') AS open_failures,
                    min(failed_at) AS first_seen,
                    max(failed_at) AS last_seen
                FROM email.failures
                GROUP BY fingerprint;

                COMMENT ON VIEW email.failure_groups IS 'Failures by cause.';
                COMMENT ON COLUMN email.failure_groups.fingerprint IS 'What failures of one cause share.';
                COMMENT ON COLUMN email.failure_groups.exception_type IS 'The exception''s type, of the latest failure.';
                COMMENT ON COLUMN email.failure_groups.sample_message IS 'The exception''s message, of the latest failure.';
                COMMENT ON COLUMN email.failure_groups.failures IS 'How many failures there are of this cause.';
                COMMENT ON COLUMN email.failure_groups.open_failures IS 'How many of them wait for somebody.';
                COMMENT ON COLUMN email.failure_groups.first_seen IS 'When the first of them failed.';
                COMMENT ON COLUMN email.failure_groups.last_seen IS 'When the latest of them failed.';
                """);

            migrationBuilder.Sql("""
                CREATE VIEW email.mail_ledger AS
                SELECT
                    states.state,
                    count(d.id) AS mails,
                    min(d.created_at) AS oldest,
                    max(d.created_at) AS newest
                FROM unnest(ARRAY['scheduled', 'queued', 'sending', 'sent', 'dead', 'canceled', 'replaced', 'discarded'])
                    WITH ORDINALITY AS states (state, ordinal)
                LEFT JOIN email.deliveries AS d ON d.state = states.state
                GROUP BY states.state, states.ordinal
                ORDER BY states.ordinal;

                COMMENT ON VIEW email.mail_ledger IS 'Mails by state, every state listed. Mails that no worker has met yet are the topic''s lag.';
                COMMENT ON COLUMN email.mail_ledger.state IS 'The state (deliveries.state).';
                COMMENT ON COLUMN email.mail_ledger.mails IS 'How many mails are in it.';
                COMMENT ON COLUMN email.mail_ledger.oldest IS 'When the first of their rows was written; null where there is none.';
                COMMENT ON COLUMN email.mail_ledger.newest IS 'When the last of their rows was written; null where there is none.';
                """);

            migrationBuilder.Sql("""
                COMMENT ON SCHEMA email IS 'The books of the mail system: mails, their recipients, failures and what was done about them.';
                COMMENT ON TABLE email.schema_migrations IS 'Which migrations were applied. A service that was built for others does not start.';
                COMMENT ON COLUMN email.schema_migrations.migration_id IS 'The migration.';
                COMMENT ON COLUMN email.schema_migrations.product_version IS 'The version of Entity Framework that applied it.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                DROP VIEW email.mail_ledger;
                DROP VIEW email.failure_groups;
                DROP INDEX email.ix_delivery_recipients_address;
                """);
        }
    }
}
