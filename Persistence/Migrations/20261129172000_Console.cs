using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>The keys of the console's cookies and forms, which all instances share; what runs of the ledger found.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129172000_Console")]
    public partial class Console : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.protection_keys (
                    name text NOT NULL CONSTRAINT pk_protection_keys PRIMARY KEY,
                    xml text NOT NULL,
                    created_at timestamptz NOT NULL DEFAULT now());

                COMMENT ON TABLE email.protection_keys IS 'The keys of the console''s cookies and forms, one row each. Without the rows everybody has to sign in again.';
                COMMENT ON COLUMN email.protection_keys.name IS 'The key''s name.';
                COMMENT ON COLUMN email.protection_keys.xml IS 'The key as ASP.NET''s data protection writes it, encrypted under the secret of the mail ids (Api:IdSecret).';
                COMMENT ON COLUMN email.protection_keys.created_at IS 'When it was made; a new one is every 90 days.';

                CREATE TABLE email.ledger_runs (
                    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_ledger_runs PRIMARY KEY,
                    started_at timestamptz NOT NULL,
                    finished_at timestamptz NOT NULL DEFAULT now(),
                    records bigint NOT NULL,
                    findings bigint NOT NULL,
                    put_back bigint NOT NULL,
                    report jsonb NOT NULL);

                COMMENT ON TABLE email.ledger_runs IS 'One row per run of Consumer.Worker ledger that came to an end; the last thousand.';
                COMMENT ON COLUMN email.ledger_runs.id IS 'Counts up.';
                COMMENT ON COLUMN email.ledger_runs.started_at IS 'When its reading began.';
                COMMENT ON COLUMN email.ledger_runs.finished_at IS 'When it was over.';
                COMMENT ON COLUMN email.ledger_runs.records IS 'Records that were read.';
                COMMENT ON COLUMN email.ledger_runs.findings IS 'What was missing; 0 where nothing is.';
                COMMENT ON COLUMN email.ledger_runs.put_back IS 'How much of that was put back.';
                COMMENT ON COLUMN email.ledger_runs.report IS 'What it printed, as JSON: all sums, and the first hundred findings.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP TABLE email.ledger_runs;
            DROP TABLE email.protection_keys;
            """);
    }
}
