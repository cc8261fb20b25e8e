using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>A worker's heartbeat says how fast it sends and may send. An older version leaves the columns empty, and so may run beside this one.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129030000_PaceOfWorkers")]
    public partial class PaceOfWorkers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                ALTER TABLE email.workers
                    ADD COLUMN rate_present double precision NULL, ADD COLUMN rate_allowed double precision NULL,
                    ADD COLUMN throttled_replies bigint NULL, ADD COLUMN connections_allowed integer NULL;

                COMMENT ON COLUMN email.workers.rate_present IS 'Mails that the mail server accepted in the second before the last heartbeat.';
                COMMENT ON COLUMN email.workers.rate_allowed IS 'Mails a second that the worker may send, by Smtp:Rate and by what the mail server says; null where nothing limits them.';
                COMMENT ON COLUMN email.workers.throttled_replies IS 'Replies of the mail server that mean slower, since the worker started.';
                COMMENT ON COLUMN email.workers.connections_allowed IS 'Connections that the mail server allows the worker, at most Smtp:MaxConnections; null for a worker that does not tell its pace.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
            "ALTER TABLE email.workers DROP COLUMN rate_present, DROP COLUMN rate_allowed, DROP COLUMN throttled_replies, DROP COLUMN connections_allowed;");
    }
}
