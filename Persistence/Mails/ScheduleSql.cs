namespace Persistence.Mails;

/// <summary>Scheduled mails in SQL. Which record may keep a mail is said by <see cref="Transitions"/> too, with attempt 0.</summary>
internal static class ScheduleSql
{
    /// <summary>
    /// Writes a mail's row, with the record that sends it when it is due and that record as the outbox entry to make; no row where the
    /// mail is past this record or somebody else wrote it.
    /// </summary>
    public const string Keep = """
        WITH kept AS (
            INSERT INTO email.mails AS d (
                id, epoch, attempt, state, fencing_token, message_id_header,
                outbox_entry, outbox_attempt, outbox_at, next_attempt_at, scheduled_at, stored_key, stored_value, stored_headers,
                first_topic, first_partition, first_offset, record_timestamp, content_hash,
                accepted_at, key, subject, sender, unknown_outcomes, created_at, updated_at)
            VALUES (
                @id, @epoch, 0, 'scheduled', 0, @message_id_header,
                'schedule', 1, now(), @due, @due, @stored_key, @stored_value, @stored_headers,
                @topic, @partition, @offset, @timestamp, @content_hash,
                @accepted_at, @key, @subject, @sender, 0, now(), now())
            ON CONFLICT (id) DO UPDATE SET
                state = 'scheduled',
                outbox_entry = 'schedule', outbox_attempt = 1, outbox_reason = NULL, outbox_at = now(), published_at = NULL,
                next_attempt_at = excluded.next_attempt_at, scheduled_at = excluded.scheduled_at,
                stored_key = excluded.stored_key, stored_value = excluded.stored_value, stored_headers = excluded.stored_headers,
                updated_at = now()
            WHERE d.epoch = excluded.epoch AND d.attempt = 0 AND d.state IN ('queued', 'scheduled') AND d.outbox_entry IS NULL
              AND NOT (
                  excluded.epoch = 0
                  AND d.content_hash IS NOT NULL AND d.content_hash <> excluded.content_hash
                  AND (d.first_topic, d.first_partition, d.first_offset)
                      IS DISTINCT FROM (excluded.first_topic, excluded.first_partition, excluded.first_offset))
            RETURNING d.id
        ), added AS (
            INSERT INTO email.mail_recipients (mail_id, address, ordinal, kind, outcome, updated_at)
            SELECT kept.id, r.address, r.ordinal, r.kind, 'pending', now()
            FROM kept, unnest(@addresses, @kinds) WITH ORDINALITY AS r (address, kind, ordinal)
            ON CONFLICT DO NOTHING
        )
        SELECT EXISTS (SELECT FROM kept)
        """;

    /// <summary>The row that a record was not kept in, as far as it decides; no row where the mail has none.</summary>
    public const string Explain = """
        SELECT
            d.epoch, d.attempt, d.state, d.outbox_entry, d.published_at IS NOT NULL,
            d.claimed_at > now() OR EXISTS (SELECT FROM email.workers AS p WHERE p.id = d.worker_id AND p.lease_until > now()),
            coalesce(d.content_hash <> @content_hash
                AND (d.first_topic, d.first_partition, d.first_offset) IS DISTINCT FROM (@topic, @partition, @offset), false)
        FROM email.mails AS d WHERE d.id = @id
        """;

    /// <summary>
    /// Takes on scheduled mails whose copy is missing: it was never marked as produced, or did not come when it was due. Each is taken
    /// by one process. A worker that is paused leaves copies unread, so one that is late is produced again ever more seldom: once it is
    /// late by the timeout, by twice that, by four times.
    /// </summary>
    public const string TakeMissing = """
        UPDATE email.mails AS d SET outbox_at = now(), updated_at = now()
        FROM (
            SELECT id FROM email.mails
            WHERE outbox_entry = 'schedule' AND state = 'scheduled' AND outbox_at <= now() - @timeout AND (
                published_at IS NULL
                OR next_attempt_at <= now() - @timeout AND now() - next_attempt_at >= 2 * (outbox_at - next_attempt_at))
            ORDER BY next_attempt_at LIMIT @limit
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS missing
        WHERE d.id = missing.id
        RETURNING d.id, d.epoch, d.scheduled_at, d.stored_key, d.stored_value, d.stored_headers::text
        """;

    /// <summary>Locks a mail for a decision about it.</summary>
    public const string Lock = "SELECT FROM email.mails WHERE id = @id FOR NO KEY UPDATE";

    /// <summary>
    /// Cancels a mail that waits and of which nobody has, or may have, got anything. The raised epoch makes every record of it
    /// stale. Its failures are resolved with it, as when it is sent: there is nothing left to do about them.
    /// </summary>
    public const string Cancel = """
        WITH canceled AS (
            UPDATE email.mails AS d SET
                epoch = d.epoch + 1, state = 'canceled',
                outbox_entry = NULL, outbox_attempt = NULL, outbox_reason = NULL, outbox_at = NULL, published_at = NULL,
                stored_key = NULL, stored_value = NULL, stored_headers = NULL,
                next_attempt_at = NULL, ended_at = now(), updated_at = now()
            FROM (SELECT id, state, epoch FROM email.mails WHERE id = @id) AS before
            WHERE d.id = before.id AND d.state IN ('scheduled', 'queued') AND d.unknown_outcomes = 0 AND NOT EXISTS (
                SELECT FROM email.mail_recipients AS r WHERE r.mail_id = d.id AND r.outcome IN ('accepted', 'unknown'))
            RETURNING d.id, d.epoch, before.state AS state_before, before.epoch AS epoch_before
        ), resolved AS (
            UPDATE email.failures AS f SET status = 'resolved', updated_at = now()
            FROM email.failures AS before, canceled
            WHERE f.id = before.id AND (f.mail_id = canceled.id OR f.replayed_as = canceled.id) AND f.status IN ('unresolved', 'replayed')
            RETURNING f.id, before.status, canceled.state_before, canceled.epoch_before, canceled.epoch
        ), audited AS (
            INSERT INTO email.failure_actions (failure_id, at, actor, action, reason, before, after)
            SELECT id, now(), @actor, 'resolve', 'The mail was canceled.',
                jsonb_build_object('status', status, 'mail', jsonb_build_object('state', state_before, 'epoch', epoch_before)),
                jsonb_build_object('status', 'resolved', 'mail', jsonb_build_object('state', 'canceled', 'epoch', epoch))
            FROM resolved
        )
        SELECT EXISTS (SELECT FROM canceled)
        """;

    /// <summary>
    /// The row of a mail that is canceled before any worker has read its record: epoch 1, so that the record, of epoch 0, is
    /// stale when it is read.
    /// </summary>
    public const string InsertCanceled = """
        INSERT INTO email.mails (id, epoch, attempt, state, fencing_token, unknown_outcomes, accepted_at, created_at, ended_at, updated_at)
        VALUES (@id, 1, 0, 'canceled', 0, 0, @accepted_at, now(), now(), now())
        ON CONFLICT (id) DO NOTHING
        """;
}
