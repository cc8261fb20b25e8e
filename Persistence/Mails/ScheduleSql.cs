using Persistence.Failures;

namespace Persistence.Mails;

/// <summary>Scheduled mails in SQL. Which record may store a mail is said by <see cref="Transitions"/> too, with attempt 0.</summary>
internal static class ScheduleSql
{
    /// <summary>
    /// Writes a mail's row, with the record that sends it when it is due, which waits there as an outbox entry; no row where the
    /// mail is past this record or another process wrote it.
    /// </summary>
    public static readonly Statement Store = new($"""
        WITH stored AS (
            INSERT INTO email.mails AS m (
                id, epoch, attempt, state, outbox_entry, outbox_attempt, outbox_at, next_attempt_at, scheduled_at,
                stored_key, stored_value, stored_headers, {MailSql.RecordColumns})
            SELECT
                g.id, g.epoch, 0, 'scheduled', 'schedule', 1, now(), @due, @due,
                @stored_key, @stored_value, @stored_headers, {MailSql.RecordColumns}
            FROM ({MailSql.Records}) AS g
            ON CONFLICT (id) DO UPDATE SET
                state = 'scheduled', taken_over_from = NULL,
                outbox_entry = 'schedule', outbox_attempt = 1, outbox_reason = NULL, outbox_at = now(), published_at = NULL,
                next_attempt_at = excluded.next_attempt_at, scheduled_at = excluded.scheduled_at,
                stored_key = excluded.stored_key, stored_value = excluded.stored_value, stored_headers = excluded.stored_headers,
                updated_at = now()
            WHERE m.epoch = excluded.epoch AND m.attempt = 0 AND m.state IN ('queued', 'scheduled') AND m.outbox_entry IS NULL
              AND NOT {MailSql.OtherContent("excluded")}
            RETURNING m.id
        ), added AS (
            {MailSql.AddPendingRecipients("stored")}
        )
        SELECT EXISTS (SELECT FROM stored)
        """);

    /// <summary>
    /// Takes mails that are due, to be produced: scheduled ones whose time has come, and those whose hold ended, which are <c>queued</c>. Each
    /// goes to one process, and to another one after the timeout, unless it was published by then: it is <c>queued</c> then, due at no time.
    /// </summary>
    public const string TakeDue = """
        UPDATE email.mails AS m SET next_attempt_at = now() + @timeout, outbox_at = now(), updated_at = now()
        FROM (
            SELECT id FROM email.mails
            WHERE outbox_entry = 'schedule' AND state IN ('scheduled', 'queued') AND next_attempt_at <= now()
            ORDER BY next_attempt_at LIMIT @limit
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS due
        WHERE m.id = due.id
        RETURNING m.id, m.epoch, m.outbox_at, m.first_topic, m.scheduled_at, m.stored_key, m.stored_value, m.stored_headers::text AS stored_headers
        """;

    /// <summary>
    /// Whether a mail that waits is no longer to wait for its scheduled time: a process has taken it, or it was held since, which one that
    /// was due when it was first read has no scheduled time in its row for. What is produced of it may be read before it is marked.
    /// </summary>
    public const string IsTaken = "(m.outbox_entry IS NOT DISTINCT FROM 'schedule' AND m.next_attempt_at IS DISTINCT FROM m.scheduled_at)";

    /// <summary>How long it is to the next one, by the clock of Postgres; none where none waits.</summary>
    public const string NextDue = """
        SELECT next_attempt_at - now() FROM email.mails
        WHERE outbox_entry = 'schedule' AND state IN ('scheduled', 'queued') AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at LIMIT 1
        """;

    /// <summary>
    /// Their records are acknowledged: from here on they wait to be claimed, as any other. One that was claimed or held meanwhile has moved
    /// on, and so has one that is due once more by a hold that ended since: what was produced is not that.
    /// </summary>
    public const string Published = """
        UPDATE email.mails AS m SET state = 'queued', published_at = now(), next_attempt_at = NULL, updated_at = now()
        FROM (
            SELECT l.id FROM unnest(@ids, @epochs, @taken) AS g (id, epoch, taken)
            JOIN email.mails AS l ON l.id = g.id AND l.epoch = g.epoch AND l.outbox_at = g.taken
            WHERE l.outbox_entry = 'schedule' AND l.state IN ('scheduled', 'queued')
            ORDER BY l.id FOR NO KEY UPDATE OF l
        ) AS given
        WHERE m.id = given.id
        """;

    /// <summary>Locks mails for a decision about them.</summary>
    public const string Lock = "SELECT id, state FROM email.mails WHERE id = ANY (@ids) ORDER BY id FOR NO KEY UPDATE";

    /// <summary>
    /// Cancels mails that wait, or are held, and of which no recipient has, or may have, got anything. The raised epoch makes every record of them
    /// stale. Their failures are resolved with them, as when they are sent: there is nothing left to do about them.
    /// </summary>
    public static readonly string Cancel = $"""
        WITH canceled AS (
            UPDATE email.mails AS m SET
                epoch = m.epoch + 1, state = 'canceled', {MailSql.NoOutboxEntry}, {MailSql.NotHeld}, {MailSql.NoStoredRecord}, ended_at = now(), updated_at = now()
            FROM (SELECT id, state, epoch FROM email.mails WHERE id = ANY (@ids)) AS before
            WHERE m.id = before.id AND {MailCancels.MayBe} AND m.unknown_outcomes = 0 AND NOT EXISTS (
                SELECT FROM email.mail_recipients AS r WHERE r.mail_id = m.id AND r.outcome IN ('accepted', 'unknown'))
            RETURNING m.id, before.state AS state_before, before.epoch AS epoch_before, m.epoch
        ), {FailureSql.Resolve("canceled", "canceled")}
        SELECT id FROM canceled
        """;

    /// <summary>The row of a mail that is to be rescheduled, locked.</summary>
    public const string LockScheduled = """
        SELECT state = 'scheduled' AND outbox_entry = 'schedule' AND published_at IS NULL AND attempt = 0 AND stored_value IS NOT NULL AS waits,
            epoch, scheduled_at, stored_headers
        FROM email.mails WHERE id = @id FOR NO KEY UPDATE
        """;

    /// <summary>
    /// Reschedules a mail whose row is locked. The raised epoch makes a record stale that a sweep has produced at this moment for the time
    /// before.
    /// </summary>
    public const string Reschedule = """
        UPDATE email.mails SET
            epoch = @epoch, scheduled_at = @due, next_attempt_at = @due, outbox_at = now(), stored_headers = @stored_headers, updated_at = now()
        WHERE id = @id
        """;

    /// <summary>
    /// The rows of mails that are canceled before any worker has read their records: epoch 1, so that the record, of epoch 0, is
    /// stale when it is read. The retention job leaves them until then (<see cref="ClaimSql.Meet"/>): the row alone stops the mail. None is made
    /// of a mail that was accepted so long ago that its row may have been removed: it may have been sent.
    /// </summary>
    public const string InsertCanceled = """
        INSERT INTO email.mails (id, epoch, attempt, state, api_key_id, ended_at)
        SELECT g.id, 1, 0, 'canceled', g.api_key_id, now() FROM unnest(@ids, @api_key_ids, @accepted_at) AS g (id, api_key_id, accepted_at)
        WHERE NOT EXISTS (SELECT FROM email.retention_horizons AS h WHERE h.table_name = 'mails' AND g.accepted_at < h.horizon)
        ORDER BY g.id
        ON CONFLICT (id) DO NOTHING
        RETURNING id
        """;
}
