using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>Holds: a person's word that some mails wait in their rows, or are canceled.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129170000_Holds")]
    public partial class Holds : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.holds (
                    id uuid NOT NULL,
                    number bigint GENERATED ALWAYS AS IDENTITY,
                    scope text NOT NULL,
                    value text NULL,
                    mode text NOT NULL,
                    until timestamptz NULL,
                    reason text NOT NULL,
                    created_at timestamptz NOT NULL DEFAULT now(),
                    created_by text NOT NULL,
                    released_at timestamptz NULL,
                    released_by text NULL,
                    release_reason text NULL,
                    CONSTRAINT pk_holds PRIMARY KEY (id),
                    CONSTRAINT ux_holds_number UNIQUE (number),
                    CONSTRAINT ck_holds_scope CHECK (scope IN ('all', 'stream', 'sender', 'domain', 'tag', 'subject_prefix')),
                    CONSTRAINT ck_holds_value CHECK ((value IS NULL) = (scope = 'all')),
                    CONSTRAINT ck_holds_mode CHECK (mode IN ('wait', 'cancel')),
                    CONSTRAINT ck_holds_released CHECK ((released_at IS NULL) = (released_by IS NULL)));

                COMMENT ON TABLE email.holds IS 'One row per hold that was made, also once it is over: a person''s word that some mails wait, or are canceled, and who took it back.';
                COMMENT ON COLUMN email.holds.id IS 'The hold''s id (UUID version 7), which mails.hold_id has.';
                COMMENT ON COLUMN email.holds.number IS 'Grows with each hold that is made. A worker that does not know of the last one claims nothing before it does.';
                COMMENT ON COLUMN email.holds.scope IS 'all, stream, sender, domain (a recipient''s), tag or subject_prefix.';
                COMMENT ON COLUMN email.holds.value IS 'Which of that scope: a stream''s name, an address, a domain in A-labels, a tag, the beginning of subjects; null for all.';
                COMMENT ON COLUMN email.holds.mode IS 'wait (the mails wait in their rows until it ends) or cancel (they are canceled).';
                COMMENT ON COLUMN email.holds.until IS 'When it ends by itself; null where it does not.';
                COMMENT ON COLUMN email.holds.reason IS 'Why it was made.';
                COMMENT ON COLUMN email.holds.created_at IS 'When it was made.';
                COMMENT ON COLUMN email.holds.created_by IS 'Who made it.';
                COMMENT ON COLUMN email.holds.released_at IS 'When it was released; null where it was not.';
                COMMENT ON COLUMN email.holds.released_by IS 'Who released it.';
                COMMENT ON COLUMN email.holds.release_reason IS 'Why it was released.';

                ALTER TABLE email.mails ADD COLUMN hold_id uuid NULL;
                COMMENT ON COLUMN email.mails.hold_id IS 'The hold (holds.id) that has the mail in its row, or that canceled it; null else.';
                CREATE INDEX ix_mails_hold ON email.mails (hold_id, created_at) WHERE hold_id IS NOT NULL AND outbox_entry IS NOT NULL;

                COMMENT ON COLUMN email.mails.state IS 'scheduled, queued, sending, sent, dead, canceled, discarded or held (by a hold, which hold_id names, until that ends; or back from recipients that Smtp:OnlyTo leaves out).';
                COMMENT ON COLUMN email.mails.attempt IS 'The last delivery of this epoch that a worker claimed, from 1; 0 after a replay, and while it is scheduled or held before its first, until it is claimed.';
                COMMENT ON COLUMN email.mails.ended_at IS 'When the mail ended: sent, dead, canceled, discarded or held (back by Smtp:OnlyTo; what a hold has does not end by it).';
                COMMENT ON COLUMN email.mails.outbox_entry IS 'What comes after the last attempt: redelivery, dead_letter or schedule (when it is due, or its hold ends); null while it runs or once it was sent.';
                COMMENT ON COLUMN email.mails.outbox_reason IS 'Why the last attempt did not send the mail; of a mail that a hold has, the hold''s reason.';
                COMMENT ON COLUMN email.mails.stored_key IS 'The key of a scheduled or held mail''s record, byte for byte.';
                COMMENT ON COLUMN email.mails.stored_value IS 'The value of a scheduled or held mail''s record, byte for byte, until the mail is claimed or canceled.';
                COMMENT ON COLUMN email.mails.stored_headers IS 'The headers of the copy that sends a scheduled mail when it is due, or a held one when its hold ends: a list of {name, value} or {name, base64}.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            -- What is held goes on.
            UPDATE email.mails SET state = 'scheduled', scheduled_at = coalesce(scheduled_at, now()), next_attempt_at = now()
            WHERE state IN ('held', 'queued') AND outbox_entry = 'schedule' AND stored_value IS NOT NULL;
            COMMENT ON COLUMN email.mails.state IS 'scheduled, queued, sending, sent, dead, canceled, discarded or held (back from recipients that Smtp:OnlyTo leaves out).';
            COMMENT ON COLUMN email.mails.attempt IS 'The last delivery of this epoch that a worker claimed, from 1; 0 after a replay, and while it is scheduled, until it is claimed.';
            COMMENT ON COLUMN email.mails.ended_at IS 'When the mail ended: sent, dead, canceled, discarded or held.';
            COMMENT ON COLUMN email.mails.outbox_entry IS 'What comes after the last attempt: redelivery, dead_letter or schedule; null while it runs or once it was sent.';
            COMMENT ON COLUMN email.mails.outbox_reason IS 'Why the last attempt did not send the mail.';
            COMMENT ON COLUMN email.mails.stored_key IS 'The key of a scheduled mail''s record, byte for byte.';
            COMMENT ON COLUMN email.mails.stored_value IS 'The value of a scheduled mail''s record, byte for byte, until the mail is claimed or canceled.';
            COMMENT ON COLUMN email.mails.stored_headers IS 'The headers of the copy that sends a scheduled mail when it is due: a list of {name, value} or {name, base64}.';
            DROP INDEX email.ix_mails_hold;
            ALTER TABLE email.mails DROP COLUMN hold_id;
            DROP TABLE email.holds;
            """);
    }
}
