using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>A mail may be held back from recipients that the worker's settings leave out.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261128230000_HoldBackMails")]
    public partial class HoldBackMails : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                ALTER TABLE email.mails DROP CONSTRAINT ck_mails_state;
                ALTER TABLE email.mails ADD CONSTRAINT ck_mails_state
                    CHECK (state IN ('scheduled', 'queued', 'sending', 'sent', 'dead', 'canceled', 'discarded', 'held'));
                COMMENT ON COLUMN email.mails.state IS 'scheduled, queued, sending, sent, dead, canceled, discarded or held (back from recipients that Smtp:OnlyTo leaves out).';
                -- An older version cannot read a row in this state.
                UPDATE email.schema_compatibility SET compatible_from = '20261128230000_HoldBackMails';
                COMMENT ON COLUMN email.mails.ended_at IS 'When the mail ended: sent, dead, canceled, discarded or held.';
                COMMENT ON COLUMN email.mails.last_error IS 'What went wrong last, or why the mail is held, for people; null where nothing has.';

                CREATE OR REPLACE VIEW email.mails_by_state AS
                SELECT states.state, coalesce(counted.mails, 0) AS mails, counted.oldest, counted.newest
                FROM unnest(ARRAY['scheduled', 'queued', 'sending', 'sent', 'dead', 'canceled', 'discarded', 'held'])
                    WITH ORDINALITY AS states (state, ordinal)
                LEFT JOIN (
                    SELECT state, count(*) AS mails, min(created_at) AS oldest, max(created_at) AS newest FROM email.mails GROUP BY state
                ) AS counted ON counted.state = states.state
                ORDER BY states.ordinal;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            UPDATE email.schema_compatibility SET compatible_from = '20261128192000_SchemaCompatibility';
            UPDATE email.mails SET state = 'discarded' WHERE state = 'held';
            ALTER TABLE email.mails DROP CONSTRAINT ck_mails_state;
            ALTER TABLE email.mails ADD CONSTRAINT ck_mails_state
                CHECK (state IN ('scheduled', 'queued', 'sending', 'sent', 'dead', 'canceled', 'discarded'));
            """);
    }
}
