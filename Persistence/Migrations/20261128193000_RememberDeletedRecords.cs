using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>Records that Kafka deleted before they were read are remembered for the ledger: once newer ones are committed nothing else tells of them.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261128193000_RememberDeletedRecords")]
    public partial class RememberDeletedRecords : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.deleted_records (
                    topic text NOT NULL,
                    partition integer NOT NULL,
                    from_offset bigint NOT NULL,
                    to_offset bigint NOT NULL,
                    noted_at timestamptz NOT NULL DEFAULT now(),
                    acknowledged_by text NULL,
                    acknowledged_at timestamptz NULL,
                    CONSTRAINT pk_deleted_records PRIMARY KEY (topic, partition, from_offset, to_offset),
                    CONSTRAINT ck_deleted_records_acknowledged CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL)));

                COMMENT ON TABLE email.deleted_records IS 'Records that the topic''s retention, or an administrator, deleted before a worker had read them. The ledger tells of each line until somebody acknowledges it.';
                COMMENT ON COLUMN email.deleted_records.topic IS 'The topic: of mails, or of dead letters.';
                COMMENT ON COLUMN email.deleted_records.partition IS 'The partition.';
                COMMENT ON COLUMN email.deleted_records.from_offset IS 'The first offset that was deleted unread.';
                COMMENT ON COLUMN email.deleted_records.to_offset IS 'The offset behind the last one.';
                COMMENT ON COLUMN email.deleted_records.noted_at IS 'When a worker met the gap.';
                COMMENT ON COLUMN email.deleted_records.acknowledged_by IS 'Who has dealt with it.';
                COMMENT ON COLUMN email.deleted_records.acknowledged_at IS 'When that was.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE email.deleted_records;");
    }
}
