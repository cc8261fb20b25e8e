using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>What is used of the quotas of Smtp:Rate outlasts a restart, and is one for all workers.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261128195000_CountQuotas")]
    public partial class CountQuotas : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.pace_quotas (
                    window_length interval NOT NULL,
                    part_end timestamptz NOT NULL,
                    mails integer NOT NULL,
                    CONSTRAINT pk_pace_quotas PRIMARY KEY (window_length, part_end));

                COMMENT ON TABLE email.pace_quotas IS 'What all workers have used of the quotas of an hour or a day in Smtp:Rate, by parts of the window.';
                COMMENT ON COLUMN email.pace_quotas.window_length IS 'The quota''s window.';
                COMMENT ON COLUMN email.pace_quotas.part_end IS 'The end of the part; it counts until the window has passed since.';
                COMMENT ON COLUMN email.pace_quotas.mails IS 'How many mails workers have taken in it, to send them at once.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE email.pace_quotas;");
    }
}
