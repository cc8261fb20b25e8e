using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>API keys with names, scopes and limits; a mail keeps the key that it was accepted under.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129060000_StoreApiKeys")]
    public partial class StoreApiKeys : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.api_keys (
                    id uuid NOT NULL,
                    name text NOT NULL,
                    scopes text[] NOT NULL,
                    from_domains text[] NOT NULL DEFAULT '{}',
                    rate text NULL,
                    prefix text NOT NULL,
                    hash bytea NOT NULL,
                    previous_prefix text NULL,
                    previous_hash bytea NULL,
                    previous_until timestamptz NULL,
                    created_at timestamptz NOT NULL DEFAULT now(),
                    created_by text NOT NULL,
                    expires_at timestamptz NULL,
                    rotated_at timestamptz NULL,
                    rotated_by text NULL,
                    revoked_at timestamptz NULL,
                    revoked_by text NULL,
                    last_used_at timestamptz NULL,
                    CONSTRAINT pk_api_keys PRIMARY KEY (id),
                    CONSTRAINT ck_api_keys_scopes CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['send', 'read', 'operate', 'admin']),
                    CONSTRAINT ck_api_keys_rate CHECK (rate ~ '^[1-9][0-9]{0,8}/[smh]$'));

                CREATE UNIQUE INDEX ux_api_keys_name ON email.api_keys (name) WHERE revoked_at IS NULL;

                COMMENT ON TABLE email.api_keys IS 'One row per API key that was made, also once it is revoked: mails and actions name it. The key of Api:Key is not among them.';
                COMMENT ON COLUMN email.api_keys.id IS 'The key''s id (UUID version 7), which mails.api_key_id and the header Mail-Api-Key have. The same after a rotation.';
                COMMENT ON COLUMN email.api_keys.name IS 'Its name, by which the log and the audit know who acts. One key of a name is not revoked.';
                COMMENT ON COLUMN email.api_keys.scopes IS 'send, read, operate or admin: a list.';
                COMMENT ON COLUMN email.api_keys.from_domains IS 'The domains that its mails may be from, in A-labels; empty where all may.';
                COMMENT ON COLUMN email.api_keys.rate IS 'Requests that one instance of the API takes of it: 10/s, 600/m or 10000/h. Null where nothing limits them.';
                COMMENT ON COLUMN email.api_keys.prefix IS 'The beginning of its secret, by which people know which one it is.';
                COMMENT ON COLUMN email.api_keys.hash IS 'SHA-256 of its secret, which holds 256 random bits and is not stored.';
                COMMENT ON COLUMN email.api_keys.previous_prefix IS 'The beginning of the secret before the last rotation; null where that ended at once.';
                COMMENT ON COLUMN email.api_keys.previous_hash IS 'SHA-256 of that secret.';
                COMMENT ON COLUMN email.api_keys.previous_until IS 'Until when that secret is valid, too.';
                COMMENT ON COLUMN email.api_keys.created_at IS 'When it was made.';
                COMMENT ON COLUMN email.api_keys.created_by IS 'Who made it.';
                COMMENT ON COLUMN email.api_keys.expires_at IS 'When it ends by itself; null where it does not.';
                COMMENT ON COLUMN email.api_keys.rotated_at IS 'When it got another secret last.';
                COMMENT ON COLUMN email.api_keys.rotated_by IS 'Who gave it that.';
                COMMENT ON COLUMN email.api_keys.revoked_at IS 'When it was revoked; null while it is not.';
                COMMENT ON COLUMN email.api_keys.revoked_by IS 'Who revoked it.';
                COMMENT ON COLUMN email.api_keys.last_used_at IS 'When it was used last, as of a minute ago; null where it never was.';

                ALTER TABLE email.mails ADD COLUMN api_key_id uuid NULL;
                COMMENT ON COLUMN email.mails.api_key_id IS 'The API key that the mail was accepted under (api_keys.id), whose own it is; null where it was none of the stored ones.';
                CREATE INDEX ix_mails_api_key ON email.mails (api_key_id, created_at) WHERE api_key_id IS NOT NULL;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP INDEX email.ix_mails_api_key;
            ALTER TABLE email.mails DROP COLUMN api_key_id;
            DROP TABLE email.api_keys;
            """);
    }
}
