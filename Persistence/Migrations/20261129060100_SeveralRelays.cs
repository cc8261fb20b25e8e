using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>
    /// Quotas of relays with a name, and what a heartbeat tells of each relay. The default relay's quotas stay where they are, so that an older
    /// version, which knows that one alone, may run beside this one.
    /// </summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129060100_SeveralRelays")]
    public partial class SeveralRelays : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.relay_quotas (
                    relay text NOT NULL,
                    window_length interval NOT NULL,
                    part_end timestamptz NOT NULL,
                    mails integer NOT NULL,
                    CONSTRAINT pk_relay_quotas PRIMARY KEY (relay, window_length, part_end));

                COMMENT ON TABLE email.relay_quotas IS 'What all workers have used of the quotas of an hour or a day in Smtp:Relays:NAME:Rate, by parts of the window. Those of the default relay are in pace_quotas.';
                COMMENT ON COLUMN email.relay_quotas.relay IS 'The relay''s name, in lower case.';
                COMMENT ON COLUMN email.relay_quotas.window_length IS 'The quota''s window.';
                COMMENT ON COLUMN email.relay_quotas.part_end IS 'The end of the part; it counts until the window has passed since.';
                COMMENT ON COLUMN email.relay_quotas.mails IS 'How many mails workers have taken in it, to send them at once.';

                ALTER TABLE email.workers ADD COLUMN relays jsonb NULL;
                COMMENT ON COLUMN email.workers.relays IS 'What it tells of each of its relays, a list of {name, rate_present, rate_allowed, throttled_replies, connections_allowed, unavailable_since, unavailable_reason}; null where it has one alone.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
            "ALTER TABLE email.workers DROP COLUMN relays; DROP TABLE email.relay_quotas;");
    }
}
