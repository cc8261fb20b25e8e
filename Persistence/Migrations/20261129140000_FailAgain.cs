using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>A failure whose replay failed again says so, and is linked with the failure of that round.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129140000_FailAgain")]
    public partial class FailAgain : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                ALTER TABLE email.failures ADD COLUMN failed_again_as uuid NULL;
                COMMENT ON COLUMN email.failures.failed_again_as IS 'The failure of the next round (failures.id), where the replay failed again.';
                ALTER TABLE email.failures ADD COLUMN round integer NOT NULL DEFAULT 1;
                COMMENT ON COLUMN email.failures.round IS '1 for a mail''s first failure, one more for each replay that failed again.';
                ALTER TABLE email.failures DROP CONSTRAINT ck_failures_status;
                ALTER TABLE email.failures ADD CONSTRAINT ck_failures_status CHECK (status IN ('unresolved', 'replayed', 'failed_again', 'resolved', 'discarded'));
                COMMENT ON COLUMN email.failures.status IS 'unresolved (waits for a decision), replayed (sent again, outcome open), failed_again (sent again, and dead again), resolved (sent after all, or canceled) or discarded.';
                UPDATE email.failures AS f SET round = 1 + (SELECT count(*) FROM email.failures AS p WHERE p.mail_id = f.mail_id AND p.epoch < f.epoch)
                WHERE f.epoch > 0;
                UPDATE email.failures AS f SET status = 'failed_again', failed_again_as = next.id, updated_at = now()
                FROM email.failures AS next WHERE f.status = 'replayed' AND next.mail_id = f.replayed_as AND next.epoch = f.replay_epoch;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            UPDATE email.failures SET status = 'replayed' WHERE status = 'failed_again';
            ALTER TABLE email.failures DROP CONSTRAINT ck_failures_status;
            ALTER TABLE email.failures ADD CONSTRAINT ck_failures_status CHECK (status IN ('unresolved', 'replayed', 'resolved', 'discarded'));
            COMMENT ON COLUMN email.failures.status IS 'unresolved (waits for a decision), replayed (sent again, outcome open), resolved (sent after all, or canceled) or discarded.';
            ALTER TABLE email.failures DROP COLUMN round;
            ALTER TABLE email.failures DROP COLUMN failed_again_as;
            """);
    }
}
