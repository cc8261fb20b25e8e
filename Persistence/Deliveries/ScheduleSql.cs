namespace Persistence.Deliveries;

/// <summary>Scheduled mails in SQL. Which record may keep a mail is said by <see cref="Transitions"/> too, with attempt 0.</summary>
internal static class ScheduleSql
{
    /// <summary>
    /// Writes a mail's row, with the record that sends it when it is due and that record as the hand-over to make; no row where the
    /// mail is past this record or somebody else wrote it.
    /// </summary>
    public const string Keep = """
        WITH kept AS (
            INSERT INTO email.deliveries AS d (
                id, generation, attempt, state, fencing_token, message_id_header,
                hand_over, hand_over_attempt, hand_over_at, next_attempt_at, scheduled_at, kept_key, kept_value, kept_headers,
                first_topic, first_partition, first_offset, record_timestamp, content_hash,
                accepted_at, key, subject, sender, unknown_outcomes, created_at, updated_at)
            VALUES (
                @id, @generation, 0, 'scheduled', 0, @message_id_header,
                'schedule', 1, now(), @due, @due, @kept_key, @kept_value, @kept_headers,
                @topic, @partition, @offset, @timestamp, @content_hash,
                @accepted_at, @key, @subject, @sender, 0, now(), now())
            ON CONFLICT (id) DO UPDATE SET
                state = 'scheduled',
                hand_over = 'schedule', hand_over_attempt = 1, hand_over_reason = NULL, hand_over_at = now(), hand_over_marked_at = NULL,
                next_attempt_at = excluded.next_attempt_at, scheduled_at = excluded.scheduled_at,
                kept_key = excluded.kept_key, kept_value = excluded.kept_value, kept_headers = excluded.kept_headers,
                updated_at = now()
            WHERE d.generation = excluded.generation AND d.attempt = 0 AND d.state IN ('queued', 'scheduled') AND d.hand_over IS NULL
              AND NOT (
                  excluded.generation = 0
                  AND d.content_hash IS NOT NULL AND d.content_hash <> excluded.content_hash
                  AND (d.first_topic, d.first_partition, d.first_offset)
                      IS DISTINCT FROM (excluded.first_topic, excluded.first_partition, excluded.first_offset))
            RETURNING d.id
        ), added AS (
            INSERT INTO email.delivery_recipients (delivery_id, address, ordinal, kind, outcome, updated_at)
            SELECT kept.id, r.address, r.ordinal, r.kind, 'pending', now()
            FROM kept, unnest(@addresses, @kinds) WITH ORDINALITY AS r (address, kind, ordinal)
            ON CONFLICT DO NOTHING
        )
        SELECT EXISTS (SELECT FROM kept)
        """;

    /// <summary>The row that a record was not kept in, as far as it decides; no row where the mail has none.</summary>
    public const string Explain = """
        SELECT
            d.generation, d.attempt, d.state, d.hand_over, d.hand_over_marked_at IS NOT NULL,
            d.claimed_at > now() OR EXISTS (SELECT FROM email.workers AS p WHERE p.id = d.worker_id AND p.lease_until > now()),
            coalesce(d.content_hash <> @content_hash
                AND (d.first_topic, d.first_partition, d.first_offset) IS DISTINCT FROM (@topic, @partition, @offset), false)
        FROM email.deliveries AS d WHERE d.id = @id
        """;

    /// <summary>
    /// Takes on scheduled mails whose copy is missing: it was never marked as produced, or did not come when it was due. Each is taken
    /// by one process. A worker that is paused leaves copies unread, so one that is late is produced again ever more seldom: once it is
    /// late by the patience, by twice that, by four times.
    /// </summary>
    public const string TakeMissing = """
        UPDATE email.deliveries AS d SET hand_over_at = now(), updated_at = now()
        FROM (
            SELECT id FROM email.deliveries
            WHERE hand_over = 'schedule' AND state = 'scheduled' AND hand_over_at <= now() - @patience AND (
                hand_over_marked_at IS NULL
                OR next_attempt_at <= now() - @patience AND now() - next_attempt_at >= 2 * (hand_over_at - next_attempt_at))
            ORDER BY next_attempt_at LIMIT @limit
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS missing
        WHERE d.id = missing.id
        RETURNING d.id, d.generation, d.scheduled_at, d.kept_key, d.kept_value, d.kept_headers::text
        """;

    /// <summary>Locks a mail for a decision about it.</summary>
    public const string Lock = "SELECT FROM email.deliveries WHERE id = @id FOR NO KEY UPDATE";

    /// <summary>
    /// Cancels a mail that waits and of which nobody has, or may have, got anything. The raised generation makes every record of it
    /// stale. Its failures are resolved with it, as when it is sent: there is nothing left to do about them.
    /// </summary>
    public const string Cancel = """
        WITH canceled AS (
            UPDATE email.deliveries AS d SET
                generation = d.generation + 1, state = 'canceled',
                hand_over = NULL, hand_over_attempt = NULL, hand_over_reason = NULL, hand_over_at = NULL, hand_over_marked_at = NULL,
                kept_key = NULL, kept_value = NULL, kept_headers = NULL,
                next_attempt_at = NULL, ended_at = now(), updated_at = now()
            FROM (SELECT id, state, generation FROM email.deliveries WHERE id = @id) AS before
            WHERE d.id = before.id AND d.state IN ('scheduled', 'queued') AND d.unknown_outcomes = 0 AND NOT EXISTS (
                SELECT FROM email.delivery_recipients AS r WHERE r.delivery_id = d.id AND r.outcome IN ('accepted', 'unknown'))
            RETURNING d.id, d.generation, before.state AS state_before, before.generation AS generation_before
        ), resolved AS (
            UPDATE email.failures AS f SET status = 'resolved', updated_at = now()
            FROM email.failures AS before, canceled
            WHERE f.id = before.id AND (f.mail_id = canceled.id OR f.replayed_as = canceled.id) AND f.status IN ('unresolved', 'replayed')
            RETURNING f.id, before.status, canceled.state_before, canceled.generation_before, canceled.generation
        ), audited AS (
            INSERT INTO email.failure_actions (failure_id, at, actor, action, reason, before, after)
            SELECT id, now(), @actor, 'resolve', 'The mail was canceled.',
                jsonb_build_object('status', status, 'mail', jsonb_build_object('state', state_before, 'generation', generation_before)),
                jsonb_build_object('status', 'resolved', 'mail', jsonb_build_object('state', 'canceled', 'generation', generation))
            FROM resolved
        )
        SELECT EXISTS (SELECT FROM canceled)
        """;

    /// <summary>
    /// The row of a mail that is canceled before any worker has read its record: generation 1, so that the record, of generation 0, is
    /// stale when it is read.
    /// </summary>
    public const string InsertCanceled = """
        INSERT INTO email.deliveries (id, generation, attempt, state, fencing_token, unknown_outcomes, accepted_at, created_at, ended_at, updated_at)
        VALUES (@id, 1, 0, 'canceled', 0, 0, @accepted_at, now(), now(), now())
        ON CONFLICT (id) DO NOTHING
        """;
}
