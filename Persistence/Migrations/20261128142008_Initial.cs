using System;
using System.Text.Json;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Persistence.Migrations
{
    /// <inheritdoc />
    /// <summary>The schema of version 0.2.</summary>
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "email");

            migrationBuilder.CreateTable(
                name: "failures",
                schema: "email",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The failure's id (UUID version 7, sorts by time)."),
                    dlt_topic = table.Column<string>(type: "text", nullable: false, comment: "The dead-letter topic."),
                    dlt_partition = table.Column<int>(type: "integer", nullable: false, comment: "The record's partition in the dead-letter topic."),
                    dlt_offset = table.Column<long>(type: "bigint", nullable: false, comment: "The record's offset in the dead-letter topic."),
                    dlt_timestamp = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, comment: "The record's Kafka timestamp there: tells a topic that was created again from the old one."),
                    mail_id = table.Column<Guid>(type: "uuid", nullable: true, comment: "The mail (mails.id, which may have no row). Null where the record does not say, or conflicts with the mail under that id."),
                    epoch = table.Column<int>(type: "integer", nullable: false, comment: "The epoch of the mail that failed."),
                    key = table.Column<byte[]>(type: "bytea", nullable: true, comment: "The record's key, byte for byte."),
                    value = table.Column<byte[]>(type: "bytea", nullable: true, comment: "The record's value, byte for byte: convert_from(value, 'UTF8') shows it where it is text."),
                    headers = table.Column<JsonDocument>(type: "jsonb", nullable: true, comment: "All headers in their order: a list of {name, value}, or {name, base64} where the bytes are not text."),
                    exception_type = table.Column<string>(type: "text", nullable: false, comment: "The type of the exception that made the mail dead."),
                    message = table.Column<string>(type: "text", nullable: false, comment: "The exception's message."),
                    stack = table.Column<string>(type: "text", nullable: true, comment: "The exception's stack trace, cut at 8,192 characters."),
                    fingerprint = table.Column<string>(type: "text", nullable: false, comment: "The same for failures of one cause: exception type and message without ids, addresses and numbers."),
                    attempts = table.Column<int>(type: "integer", nullable: false, comment: "How often the mail was delivered in this epoch."),
                    original_topic = table.Column<string>(type: "text", nullable: true, comment: "The topic that the record came from."),
                    original_partition = table.Column<int>(type: "integer", nullable: true, comment: "Its partition there."),
                    original_offset = table.Column<long>(type: "bigint", nullable: true, comment: "Its offset there."),
                    original_timestamp = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "Its Kafka timestamp there."),
                    original_group = table.Column<string>(type: "text", nullable: true, comment: "The consumer group that gave it up."),
                    status = table.Column<string>(type: "text", nullable: false, comment: "unresolved (waits for a decision), replayed (sent again, outcome open), resolved (sent after all, or canceled) or discarded."),
                    replay_requested_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "When somebody asked to send the mail again."),
                    replay_claimed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "When a process claimed the replay to produce it; another claims it where it is not published for too long."),
                    replay_epoch = table.Column<int>(type: "integer", nullable: true, comment: "The epoch that the replay's record carries."),
                    replayed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "When the replay's record was acknowledged. Null after a request: the next sweep produces it."),
                    replayed_as = table.Column<Guid>(type: "uuid", nullable: true, comment: "The mail that it was sent as (mails.id): the same, or a new one."),
                    failed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, comment: "When the mail was given up."),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()", comment: "When this row was changed last.")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_failures", x => x.id);
                    table.CheckConstraint("ck_failures_status", "status IN ('unresolved', 'replayed', 'resolved', 'discarded')");
                },
                comment: "One row per failed mail and epoch, or per record that could not be read. Can be rebuilt by reading the dead-letter topic again.");

            migrationBuilder.CreateTable(
                name: "mails",
                schema: "email",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The mail's id: the MessageId header of its records, the id that POST /emails returned."),
                    epoch = table.Column<int>(type: "integer", nullable: false, comment: "From 0, raised by a replay, a cancel and a reschedule; records of an older one are stale."),
                    attempt = table.Column<int>(type: "integer", nullable: false, comment: "The last delivery of this epoch that a worker claimed, from 1; 0 after a replay, and while it is scheduled, until it is claimed."),
                    state = table.Column<string>(type: "text", nullable: false, comment: "scheduled, queued, sending, sent, dead, canceled or discarded."),
                    outbox_entry = table.Column<string>(type: "text", nullable: true, comment: "What comes after the last attempt: redelivery, dead_letter or schedule; null while it runs or once it was sent."),
                    outbox_attempt = table.Column<int>(type: "integer", nullable: true, comment: "The attempt that its record carries; null for a dead letter."),
                    outbox_reason = table.Column<string>(type: "text", nullable: true, comment: "Why the last attempt did not send the mail."),
                    outbox_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "When the outbox entry was written, before its record was produced."),
                    published_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "When the outbox entry's record was acknowledged. Null with an outbox entry: it is produced again when the old record is read again."),
                    worker_id = table.Column<Guid>(type: "uuid", nullable: true, comment: "The worker that claimed the mail last (workers.id)."),
                    taken_over_from = table.Column<Guid>(type: "uuid", nullable: true, comment: "The worker that the last claim took the mail over from, since its lease had run out while it was sending."),
                    fencing_token = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L, comment: "Grows by one with each claim. A worker with an older token can no longer change the state."),
                    message_id_header = table.Column<string>(type: "text", nullable: true, comment: "The SMTP Message-ID, the same in every attempt, so that a mail sent twice can be recognized."),
                    first_topic = table.Column<string>(type: "text", nullable: true, comment: "The topic of the first record that was claimed."),
                    first_partition = table.Column<int>(type: "integer", nullable: true, comment: "The partition of that record."),
                    first_offset = table.Column<long>(type: "bigint", nullable: true, comment: "The offset of that record."),
                    record_timestamp = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "The Kafka timestamp of that record: when the mail was accepted. Null where none was read: the mail was canceled before."),
                    content_hash = table.Column<byte[]>(type: "bytea", nullable: true, comment: "SHA-256 of that record's value. Another value under the same id is a conflict, not a copy."),
                    key = table.Column<string>(type: "text", nullable: true, comment: "The Kafka key: the ordering key, or the id. Mails of one key are sent in order."),
                    subject = table.Column<string>(type: "text", nullable: true, comment: "The mail's subject."),
                    sender = table.Column<string>(type: "text", nullable: true, comment: "The address the mail is from."),
                    last_error = table.Column<string>(type: "text", nullable: true, comment: "What went wrong last, for people; null where nothing has."),
                    unknown_outcomes = table.Column<int>(type: "integer", nullable: false, defaultValue: 0, comment: "How often the mail server's reply was lost: it may have taken the mail that often without our knowing."),
                    scheduled_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "When the mail is to be sent; null means at once."),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()", comment: "When this row was written."),
                    claimed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "When a worker claimed the mail last."),
                    next_attempt_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "When the next attempt is due; null where none is."),
                    sent_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "When the mail server took the mail."),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "When the mail ended: sent, dead, canceled or discarded."),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()", comment: "When this row was changed last."),
                    stored_key = table.Column<byte[]>(type: "bytea", nullable: true, comment: "The key of a scheduled mail's record, byte for byte."),
                    stored_value = table.Column<byte[]>(type: "bytea", nullable: true, comment: "The value of a scheduled mail's record, byte for byte, until the mail is claimed or canceled."),
                    stored_headers = table.Column<JsonDocument>(type: "jsonb", nullable: true, comment: "The headers of the copy that sends a scheduled mail when it is due: a list of {name, value} or {name, base64}.")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_mails", x => x.id);
                    table.CheckConstraint("ck_mails_outbox_entry", "outbox_entry IN ('redelivery', 'dead_letter', 'schedule')");
                    table.CheckConstraint("ck_mails_sending_has_worker", "state <> 'sending' OR (worker_id IS NOT NULL AND claimed_at IS NOT NULL)");
                    table.CheckConstraint("ck_mails_state", "state IN ('scheduled', 'queued', 'sending', 'sent', 'dead', 'canceled', 'discarded')");
                },
                comment: "One row per mail, in exactly one state. A mail without a row is still unread in the topic.")
                .Annotation("Npgsql:StorageParameter:fillfactor", 50);

            migrationBuilder.CreateTable(
                name: "workers",
                schema: "email",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false, comment: "New with each start of a worker process."),
                    name = table.Column<string>(type: "text", nullable: false, comment: "Host and process id, as host:pid."),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, comment: "When the worker started."),
                    heartbeat_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, comment: "When the worker was heard of last."),
                    lease_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, comment: "Until when its mails in sending are protected, by the clock of Postgres. After that any worker takes them over."),
                    stopped_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true, comment: "When it stopped in an orderly way; null while it runs, or if it was killed.")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_workers", x => x.id);
                },
                comment: "One row per start of a worker. Its lease protects every mail that it is sending; one heartbeat renews them all.");

            migrationBuilder.CreateTable(
                name: "failure_actions",
                schema: "email",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false, comment: "Counts up.")
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                    failure_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The failure (failures.id)."),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()", comment: "When it was done."),
                    actor = table.Column<string>(type: "text", nullable: false, comment: "Who did it; system for what happens by itself."),
                    action = table.Column<string>(type: "text", nullable: false, comment: "replay, discard or resolve."),
                    reason = table.Column<string>(type: "text", nullable: true, comment: "Why, in the words of who did it."),
                    before = table.Column<JsonDocument>(type: "jsonb", nullable: true, comment: "The failure and its mail before."),
                    after = table.Column<JsonDocument>(type: "jsonb", nullable: true, comment: "The failure and its mail after.")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_failure_actions", x => x.id);
                    table.CheckConstraint("ck_failure_actions_action", "action IN ('replay', 'discard', 'resolve')");
                    table.ForeignKey(
                        name: "fk_failure_actions_failures_failure_id",
                        column: x => x.failure_id,
                        principalSchema: "email",
                        principalTable: "failures",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                },
                comment: "What was done about failures: who, when, why, and failure and mail before and after. Rows are never changed.");

            migrationBuilder.CreateTable(
                name: "failure_copies",
                schema: "email",
                columns: table => new
                {
                    dlt_topic = table.Column<string>(type: "text", nullable: false, comment: "The dead-letter topic."),
                    dlt_partition = table.Column<int>(type: "integer", nullable: false, comment: "The copy's partition there."),
                    dlt_offset = table.Column<long>(type: "bigint", nullable: false, comment: "The copy's offset there."),
                    dlt_timestamp = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, comment: "The copy's Kafka timestamp there."),
                    failure_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The failure that it repeats (failures.id)."),
                    seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()", comment: "When it was seen.")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_failure_copies", x => new { x.dlt_topic, x.dlt_partition, x.dlt_offset, x.dlt_timestamp });
                    table.ForeignKey(
                        name: "fk_failure_copies_failures_failure_id",
                        column: x => x.failure_id,
                        principalSchema: "email",
                        principalTable: "failures",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                },
                comment: "Further records in the dead-letter topic that repeat a failure, as a crash leaves them. They change nothing.");

            migrationBuilder.CreateTable(
                name: "mail_recipients",
                schema: "email",
                columns: table => new
                {
                    mail_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The mail (mails.id)."),
                    address = table.Column<string>(type: "text", nullable: false, comment: "The bare address, as the mail gave it."),
                    ordinal = table.Column<int>(type: "integer", nullable: false, comment: "Its place among the mail's recipients, from 1."),
                    kind = table.Column<string>(type: "text", nullable: false, comment: "The field that named it: to, cc or bcc."),
                    outcome = table.Column<string>(type: "text", nullable: false, comment: "pending, accepted (never sent to again), rejected (5xx), deferred (4xx) or unknown (reply lost)."),
                    reply_code = table.Column<int>(type: "integer", nullable: true, comment: "The server's last SMTP reply code, such as 250 or 451."),
                    enhanced_code = table.Column<string>(type: "text", nullable: true, comment: "The server's last enhanced status code, such as 5.1.1."),
                    reply_text = table.Column<string>(type: "text", nullable: true, comment: "The text of the server's last reply about this recipient."),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()", comment: "When this row was changed last.")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_mail_recipients", x => new { x.mail_id, x.address });
                    table.CheckConstraint("ck_mail_recipients_kind", "kind IN ('to', 'cc', 'bcc')");
                    table.CheckConstraint("ck_mail_recipients_outcome", "outcome IN ('pending', 'accepted', 'rejected', 'deferred', 'unknown')");
                    // No constraint to mails: it would look up and lock the mail's row at each end. Retention removes both.
                },
                comment: "The recipients of each mail with their outcomes, written after its first attempt (a scheduled mail's at once).");

            migrationBuilder.CreateIndex(
                name: "ix_failure_actions_actor",
                schema: "email",
                table: "failure_actions",
                columns: new[] { "actor", "at" });

            migrationBuilder.CreateIndex(
                name: "ix_failure_actions_failure_id",
                schema: "email",
                table: "failure_actions",
                column: "failure_id");

            migrationBuilder.CreateIndex(
                name: "ix_failure_copies_failure_id",
                schema: "email",
                table: "failure_copies",
                column: "failure_id");

            migrationBuilder.CreateIndex(
                name: "ix_failures_failed_at",
                schema: "email",
                table: "failures",
                columns: new[] { "failed_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_failures_fingerprint",
                schema: "email",
                table: "failures",
                columns: new[] { "fingerprint", "failed_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_failures_pending_replays",
                schema: "email",
                table: "failures",
                column: "replay_claimed_at",
                filter: "status = 'unresolved' AND replay_requested_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_failures_replayed_as",
                schema: "email",
                table: "failures",
                column: "replayed_as",
                filter: "replayed_as IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_failures_status",
                schema: "email",
                table: "failures",
                columns: new[] { "status", "failed_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ux_failures_dead_letter",
                schema: "email",
                table: "failures",
                columns: new[] { "dlt_topic", "dlt_partition", "dlt_offset", "dlt_timestamp" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ux_failures_mail_epoch",
                schema: "email",
                table: "failures",
                columns: new[] { "mail_id", "epoch" },
                unique: true,
                filter: "mail_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ux_failures_original",
                schema: "email",
                table: "failures",
                columns: new[] { "original_topic", "original_partition", "original_offset", "original_timestamp" },
                unique: true,
                filter: "mail_id IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_mails_created",
                schema: "email",
                table: "mails",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "ix_mails_outbox",
                schema: "email",
                table: "mails",
                columns: new[] { "outbox_entry", "next_attempt_at" },
                filter: "outbox_entry IS NOT NULL");

            // What the model cannot say: an index on an expression, a table that only SQL uses, the views for people, and the comments of the
            // migrations' own table.
            // "Which mails of this recipient", in whatever case.
            migrationBuilder.Sql("CREATE INDEX ix_mail_recipients_address ON email.mail_recipients (lower(address));");

            migrationBuilder.Sql("""
                CREATE TABLE email.retention_horizons (
                    table_name text NOT NULL CONSTRAINT pk_retention_horizons PRIMARY KEY,
                    horizon timestamptz NOT NULL,
                    removed bigint NOT NULL DEFAULT 0,
                    swept_at timestamptz NOT NULL DEFAULT now(),
                    CONSTRAINT ck_retention_horizons_table_name CHECK (table_name IN ('mails', 'failures')));

                COMMENT ON TABLE email.retention_horizons IS 'How far the retention job has come, by table. A record older than the horizon may have had a row that was removed: the ledger cannot tell.';
                COMMENT ON COLUMN email.retention_horizons.table_name IS 'The table: mails or failures.';
                COMMENT ON COLUMN email.retention_horizons.horizon IS 'All removed rows are of records with an older Kafka timestamp. Never moves back.';
                COMMENT ON COLUMN email.retention_horizons.removed IS 'How many rows were removed so far.';
                COMMENT ON COLUMN email.retention_horizons.swept_at IS 'When rows were removed last.';
                """);

            migrationBuilder.Sql("""
                CREATE VIEW email.failure_groups AS
                SELECT
                    fingerprint,
                    (array_agg(exception_type ORDER BY failed_at DESC))[1] AS exception_type,
                    (array_agg(message ORDER BY failed_at DESC))[1] AS sample_message,
                    count(*) AS failures,
                    count(*) FILTER (WHERE status = 'unresolved') AS open_failures,
                    min(failed_at) AS first_seen,
                    max(failed_at) AS last_seen
                FROM email.failures
                GROUP BY fingerprint;

                COMMENT ON VIEW email.failure_groups IS 'Failures by cause.';
                COMMENT ON COLUMN email.failure_groups.fingerprint IS 'The same for failures of one cause (failures.fingerprint).';
                COMMENT ON COLUMN email.failure_groups.exception_type IS 'The exception''s type, of the latest failure.';
                COMMENT ON COLUMN email.failure_groups.sample_message IS 'The exception''s message, of the latest failure.';
                COMMENT ON COLUMN email.failure_groups.failures IS 'How many failures there are of this cause.';
                COMMENT ON COLUMN email.failure_groups.open_failures IS 'How many of them are unresolved: they wait for a decision.';
                COMMENT ON COLUMN email.failure_groups.first_seen IS 'When the first of them failed.';
                COMMENT ON COLUMN email.failure_groups.last_seen IS 'When the latest of them failed.';
                """);

            migrationBuilder.Sql("""
                CREATE VIEW email.mails_by_state AS
                SELECT
                    states.state,
                    count(m.id) AS mails,
                    min(m.created_at) AS oldest,
                    max(m.created_at) AS newest
                FROM unnest(ARRAY['scheduled', 'queued', 'sending', 'sent', 'dead', 'canceled', 'discarded'])
                    WITH ORDINALITY AS states (state, ordinal)
                LEFT JOIN email.mails AS m ON m.state = states.state
                GROUP BY states.state, states.ordinal
                ORDER BY states.ordinal;

                COMMENT ON VIEW email.mails_by_state IS 'Mails by state, every state listed. Mails that no worker has read yet have no row: the lag of email-send-group counts them.';
                COMMENT ON COLUMN email.mails_by_state.state IS 'The state (mails.state).';
                COMMENT ON COLUMN email.mails_by_state.mails IS 'How many mails are in it.';
                COMMENT ON COLUMN email.mails_by_state.oldest IS 'When the first of their rows was written; null where there is none.';
                COMMENT ON COLUMN email.mails_by_state.newest IS 'When the last of their rows was written; null where there is none.';
                """);

            migrationBuilder.Sql("""
                COMMENT ON SCHEMA email IS 'Mails, their recipients, their failures and what was done about those.';
                COMMENT ON TABLE email.schema_migrations IS 'Which migrations were applied. A service that was built for others does not start.';
                COMMENT ON COLUMN email.schema_migrations.migration_id IS 'The migration.';
                COMMENT ON COLUMN email.schema_migrations.product_version IS 'The version of Entity Framework that applied it.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("DROP VIEW email.mails_by_state; DROP VIEW email.failure_groups; DROP TABLE email.retention_horizons;");

            migrationBuilder.DropTable(
                name: "failure_actions",
                schema: "email");

            migrationBuilder.DropTable(
                name: "failure_copies",
                schema: "email");

            migrationBuilder.DropTable(
                name: "mail_recipients",
                schema: "email");

            migrationBuilder.DropTable(
                name: "workers",
                schema: "email");

            migrationBuilder.DropTable(
                name: "failures",
                schema: "email");

            migrationBuilder.DropTable(
                name: "mails",
                schema: "email");
        }
    }
}
