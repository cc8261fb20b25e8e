using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>The retention job remembers which records had rows, so that one that is read again is not sent again.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261128191000_RememberRemovedRecords")]
    public partial class RememberRemovedRecords : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.retention_offsets (
                    topic text NOT NULL,
                    partition integer NOT NULL,
                    below_offset bigint NOT NULL,
                    newest timestamptz NOT NULL,
                    CONSTRAINT pk_retention_offsets PRIMARY KEY (topic, partition));

                COMMENT ON TABLE email.retention_offsets IS 'Which records may have had rows that the retention job removed, by topic and partition: a record below the offset, no younger than the newest and without a row was completed before, and is not sent again.';
                COMMENT ON COLUMN email.retention_offsets.topic IS 'The topic: of mails, or of dead letters.';
                COMMENT ON COLUMN email.retention_offsets.partition IS 'The partition.';
                COMMENT ON COLUMN email.retention_offsets.below_offset IS 'All removed rows are of records below this offset. Never moves back.';
                COMMENT ON COLUMN email.retention_offsets.newest IS 'The youngest Kafka timestamp of those records: tells a topic that was created again from the old one.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE email.retention_offsets;");
    }
}
