using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>A post with an Idempotency-Key reserves it before its record is produced.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129040000_ReserveIdempotencyKeys")]
    public partial class ReserveIdempotencyKeys : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.idempotency_keys (
                    key_id uuid NOT NULL,
                    mail_id uuid NOT NULL,
                    content_hash bytea NOT NULL,
                    token bigint NOT NULL DEFAULT 1,
                    reserved_at timestamptz NOT NULL DEFAULT now(),
                    lease_until timestamptz NOT NULL,
                    acknowledged_at timestamptz NULL,
                    expires_at timestamptz NOT NULL,
                    CONSTRAINT pk_idempotency_keys PRIMARY KEY (key_id));

                CREATE INDEX ix_idempotency_keys_expires ON email.idempotency_keys (expires_at);

                COMMENT ON TABLE email.idempotency_keys IS 'Each Idempotency-Key that a post was made under, reserved before its record was produced, until it expires.';
                COMMENT ON COLUMN email.idempotency_keys.key_id IS 'Derived from the caller and its key under the secret of the mail ids; neither of them is stored.';
                COMMENT ON COLUMN email.idempotency_keys.mail_id IS 'The id of the mail, which is the key''s own but where the key had been used before and had expired; of a batch what the ids of its mails derive from.';
                COMMENT ON COLUMN email.idempotency_keys.content_hash IS 'SHA-256 of what was posted, in its canonical form. Other content under the key is refused.';
                COMMENT ON COLUMN email.idempotency_keys.token IS 'Grows with each post that goes on under the key; names the one whose lease it is.';
                COMMENT ON COLUMN email.idempotency_keys.reserved_at IS 'When the first of them came: what relative times of the mail count from.';
                COMMENT ON COLUMN email.idempotency_keys.lease_until IS 'Until when a post may be producing; afterwards the same post goes on in its place, unless it was acknowledged.';
                COMMENT ON COLUMN email.idempotency_keys.acknowledged_at IS 'When Kafka had acknowledged all that was posted; null while that is not known.';
                COMMENT ON COLUMN email.idempotency_keys.expires_at IS 'When the key may be used for another mail.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE email.idempotency_keys;");
    }
}
