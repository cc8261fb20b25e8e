using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>Operations on many failures, notes of groups, and the restore of a discarded failure.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129174000_Operations")]
    public partial class Operations : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.operations (
                    id uuid NOT NULL,
                    action text NOT NULL,
                    state text NOT NULL,
                    filter jsonb NULL,
                    reason text NULL,
                    rate_per_second integer NULL,
                    stop_after_failures integer NULL,
                    matched integer NOT NULL,
                    done integer NOT NULL DEFAULT 0,
                    refused integer NOT NULL DEFAULT 0,
                    created_at timestamptz NOT NULL DEFAULT now(),
                    created_by text NOT NULL,
                    changed_by text NULL,
                    updated_at timestamptz NOT NULL DEFAULT now(),
                    ended_at timestamptz NULL,
                    lease_id uuid NULL,
                    lease_until timestamptz NULL,
                    CONSTRAINT pk_operations PRIMARY KEY (id),
                    CONSTRAINT ck_operations_action CHECK (action IN ('replay', 'discard', 'restore')),
                    CONSTRAINT ck_operations_state CHECK (state IN ('running', 'paused', 'completed', 'stopped', 'canceled')));
                CREATE INDEX ix_operations_created ON email.operations (created_at, id);
                CREATE INDEX ix_operations_running ON email.operations (created_at) WHERE state = 'running';

                COMMENT ON TABLE email.operations IS 'One row per operation: what a person did, or does, with many failures at once.';
                COMMENT ON COLUMN email.operations.id IS 'The operation''s id (UUID version 7).';
                COMMENT ON COLUMN email.operations.action IS 'replay, discard or restore.';
                COMMENT ON COLUMN email.operations.state IS 'running, paused, completed, stopped (too many of its replays failed again) or canceled.';
                COMMENT ON COLUMN email.operations.filter IS 'The filter that its failures were chosen by when it began; null where their ids were given.';
                COMMENT ON COLUMN email.operations.reason IS 'Why, in the words of who began it.';
                COMMENT ON COLUMN email.operations.rate_per_second IS 'How many failures a second at most; null: as fast as it goes.';
                COMMENT ON COLUMN email.operations.stop_after_failures IS 'It stops once this many of its replays have failed again; null: it does not.';
                COMMENT ON COLUMN email.operations.matched IS 'How many failures its set has.';
                COMMENT ON COLUMN email.operations.done IS 'With how many of them it was done what was asked for.';
                COMMENT ON COLUMN email.operations.refused IS 'About how many nothing was done, since they had moved on.';
                COMMENT ON COLUMN email.operations.created_at IS 'When it began.';
                COMMENT ON COLUMN email.operations.created_by IS 'Who began it.';
                COMMENT ON COLUMN email.operations.changed_by IS 'Who paused, resumed or canceled it last.';
                COMMENT ON COLUMN email.operations.updated_at IS 'When it went on, or was changed, last.';
                COMMENT ON COLUMN email.operations.ended_at IS 'When it came to its end.';
                COMMENT ON COLUMN email.operations.lease_id IS 'By which an instance of the API works on it.';
                COMMENT ON COLUMN email.operations.lease_until IS 'Until when no other instance takes it over.';

                CREATE TABLE email.operation_items (
                    operation_id uuid NOT NULL,
                    ordinal integer NOT NULL,
                    failure_id uuid NOT NULL,
                    outcome text NULL,
                    at timestamptz NULL,
                    CONSTRAINT pk_operation_items PRIMARY KEY (operation_id, ordinal));

                COMMENT ON TABLE email.operation_items IS 'The set of an operation, as it was when the operation began.';
                COMMENT ON COLUMN email.operation_items.operation_id IS 'The operation (operations.id).';
                COMMENT ON COLUMN email.operation_items.ordinal IS 'Its place in the order in which they are met, from 1.';
                COMMENT ON COLUMN email.operation_items.failure_id IS 'The failure (failures.id, which may be removed since).';
                COMMENT ON COLUMN email.operation_items.outcome IS 'done, or the reason why nothing was done about it; null where it was not met yet.';
                COMMENT ON COLUMN email.operation_items.at IS 'When it was met.';

                CREATE TABLE email.failure_group_notes (
                    by text NOT NULL,
                    key text NOT NULL,
                    note text NULL,
                    owner text NULL,
                    ticket text NULL,
                    updated_at timestamptz NOT NULL DEFAULT now(),
                    updated_by text NOT NULL,
                    CONSTRAINT pk_failure_group_notes PRIMARY KEY (by, key),
                    CONSTRAINT ck_failure_group_notes_by CHECK (by IN ('cause', 'domain', 'code', 'sender')));

                COMMENT ON TABLE email.failure_group_notes IS 'What people wrote down about groups of failures.';
                COMMENT ON COLUMN email.failure_group_notes.by IS 'cause, domain, code or sender: what the group''s failures share.';
                COMMENT ON COLUMN email.failure_group_notes.key IS 'The value that they share: of causes the fingerprint.';
                COMMENT ON COLUMN email.failure_group_notes.note IS 'What is known about it.';
                COMMENT ON COLUMN email.failure_group_notes.owner IS 'Who looks after it.';
                COMMENT ON COLUMN email.failure_group_notes.ticket IS 'Where it is worked on.';
                COMMENT ON COLUMN email.failure_group_notes.updated_at IS 'When it was written last.';
                COMMENT ON COLUMN email.failure_group_notes.updated_by IS 'Who wrote it last.';

                ALTER TABLE email.failures ADD COLUMN operation_id uuid NULL;
                COMMENT ON COLUMN email.failures.operation_id IS 'The operation that replayed it (operations.id); null where nobody did, or by itself.';
                CREATE INDEX ix_failures_operation ON email.failures (operation_id, status) WHERE operation_id IS NOT NULL;

                ALTER TABLE email.failures ADD COLUMN replay_key bytea NULL, ADD COLUMN replay_value bytea NULL;
                COMMENT ON COLUMN email.failures.replay_key IS 'The key that the replay''s record has, where the mail was edited.';
                COMMENT ON COLUMN email.failures.replay_value IS 'The value that the replay''s record has, where the mail was edited.';

                ALTER TABLE email.failure_actions ADD COLUMN operation_id uuid NULL;
                COMMENT ON COLUMN email.failure_actions.operation_id IS 'The operation that it was a part of (operations.id).';
                ALTER TABLE email.failure_actions DROP CONSTRAINT ck_failure_actions_action;
                ALTER TABLE email.failure_actions ADD CONSTRAINT ck_failure_actions_action CHECK (action IN ('replay', 'edit', 'discard', 'restore', 'resolve'));
                COMMENT ON COLUMN email.failure_actions.action IS 'replay, edit, discard, restore or resolve.';

                -- With the status, groups by cause are counted in the index alone.
                CREATE INDEX ix_failures_fingerprint_status ON email.failures (fingerprint, failed_at, id) INCLUDE (status);
                DROP INDEX email.ix_failures_fingerprint;
                ALTER INDEX email.ix_failures_fingerprint_status RENAME TO ix_failures_fingerprint;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP INDEX email.ix_failures_fingerprint;
            CREATE INDEX ix_failures_fingerprint ON email.failures (fingerprint, failed_at, id);
            DELETE FROM email.failure_actions WHERE action IN ('restore', 'edit');
            ALTER TABLE email.failure_actions DROP CONSTRAINT ck_failure_actions_action;
            ALTER TABLE email.failure_actions ADD CONSTRAINT ck_failure_actions_action CHECK (action IN ('replay', 'discard', 'resolve'));
            COMMENT ON COLUMN email.failure_actions.action IS 'replay, discard or resolve.';
            ALTER TABLE email.failure_actions DROP COLUMN operation_id;
            DROP INDEX email.ix_failures_operation;
            ALTER TABLE email.failures DROP COLUMN operation_id, DROP COLUMN replay_key, DROP COLUMN replay_value;
            DROP TABLE email.failure_group_notes;
            DROP TABLE email.operation_items;
            DROP TABLE email.operations;
            """);
    }
}
