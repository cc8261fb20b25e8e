using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>How far the retention job has come, and the index of its sweep. Only statements use them, so the model does not know them.</summary>
    public partial class Retention : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // "Which mails ended long ago", oldest first. Those that wait for somebody are not in it.
            migrationBuilder.Sql("""
                CREATE INDEX ix_deliveries_ended ON email.deliveries (ended_at) WHERE state IN ('sent', 'canceled', 'replaced', 'discarded');
                """);

            migrationBuilder.Sql("""
                CREATE TABLE email.retention_horizons (
                    books text NOT NULL CONSTRAINT pk_retention_horizons PRIMARY KEY,
                    horizon timestamptz NOT NULL,
                    removed bigint NOT NULL DEFAULT 0,
                    swept_at timestamptz NOT NULL DEFAULT now(),
                    CONSTRAINT ck_retention_horizons_books CHECK (books IN ('mails', 'failures')));

                COMMENT ON TABLE email.retention_horizons IS 'How far the retention job has come. A record older than the horizon may have had a row that is gone: the ledger cannot tell.';
                COMMENT ON COLUMN email.retention_horizons.books IS 'mails or failures.';
                COMMENT ON COLUMN email.retention_horizons.horizon IS 'Every row that was removed is of records with an older Kafka timestamp. Never moves back.';
                COMMENT ON COLUMN email.retention_horizons.removed IS 'How many rows were removed so far.';
                COMMENT ON COLUMN email.retention_horizons.swept_at IS 'When rows were removed last.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                DROP TABLE email.retention_horizons;
                DROP INDEX email.ix_deliveries_ended;
                """);
        }
    }
}
