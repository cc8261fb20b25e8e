namespace Persistence.Failures;

/// <summary>What projects a dead letter, in SQL.</summary>
internal static class FailureSql
{
    /// <summary>
    /// A new failure, or no row where the record, its mail's epoch, or its original is known already. How far people
    /// have come with it follows from the mail, so that rows rebuilt from the topic do not open what was closed.
    /// </summary>
    public const string Insert = """
        INSERT INTO email.failures (
            id, dlt_topic, dlt_partition, dlt_offset, dlt_timestamp, mail_id, epoch, key, value, headers,
            exception_type, message, stack, fingerprint, attempts,
            original_topic, original_partition, original_offset, original_timestamp, original_group,
            status, replayed_as, failed_at, created_at, updated_at)
        SELECT
            @id, @dlt_topic, @dlt_partition, @dlt_offset, @dlt_timestamp, @mail_id, @epoch, @key, @value, @headers,
            @exception_type, @message, @stack, @fingerprint, @attempts,
            @original_topic, @original_partition, @original_offset, @original_timestamp, @original_group,
            coalesce(mail.status, 'unresolved'), CASE WHEN mail.status = 'replayed' THEN coalesce(mail.replaced_by_id, mail.id) END, @failed_at, now(), now()
        FROM (SELECT) AS nothing
        LEFT JOIN LATERAL (
            SELECT d.id, d.replaced_by_id, CASE
                WHEN d.state IN ('sent', 'canceled') THEN 'resolved'
                WHEN d.state = 'discarded' THEN 'discarded'
                WHEN d.state = 'replaced' OR d.epoch > @epoch THEN 'replayed'
            END AS status
            FROM email.mails AS d WHERE d.id = @mail_id
        ) AS mail ON true
        ON CONFLICT DO NOTHING
        RETURNING id
        """;

    /// <summary>The failure that this very record is, or that it is noted as a copy of.</summary>
    public const string FindByRecord = """
        SELECT id FROM email.failures
        WHERE (dlt_topic, dlt_partition, dlt_offset, dlt_timestamp) = (@dlt_topic, @dlt_partition, @dlt_offset, @dlt_timestamp)
        UNION ALL
        SELECT failure_id FROM email.failure_copies
        WHERE (dlt_topic, dlt_partition, dlt_offset, dlt_timestamp) = (@dlt_topic, @dlt_partition, @dlt_offset, @dlt_timestamp)
        """;

    /// <summary>The failure of the same mail and epoch, and whether its bytes are the same.</summary>
    public const string FindByMail = """
        SELECT id, value IS NOT DISTINCT FROM @value FROM email.failures WHERE mail_id = @mail_id AND epoch = @epoch
        """;

    /// <summary>The failure of the same original record, where neither names a mail.</summary>
    public const string FindByOriginal = """
        SELECT id FROM email.failures
        WHERE mail_id IS NULL AND original_topic = @original_topic AND original_partition = @original_partition
          AND original_offset = @original_offset AND original_timestamp = @original_timestamp
        """;

    /// <summary>Notes a copy; twice is once.</summary>
    public const string InsertCopy = """
        INSERT INTO email.failure_copies (dlt_topic, dlt_partition, dlt_offset, dlt_timestamp, failure_id, seen_at)
        VALUES (@dlt_topic, @dlt_partition, @dlt_offset, @dlt_timestamp, @id, now())
        ON CONFLICT DO NOTHING
        """;

    /// <summary>
    /// The record in the topic proves that the mail is dead and that its outbox entry was produced. A mail that a live worker
    /// is sending is left to it, as is one that has moved on.
    /// </summary>
    public const string MarkDead = """
        UPDATE email.mails AS d SET
            state = 'dead', ended_at = coalesce(d.ended_at, now()), next_attempt_at = NULL,
            last_error = coalesce(d.last_error, @message),
            outbox_entry = 'dead_letter', outbox_attempt = NULL, outbox_reason = coalesce(d.outbox_reason, @message),
            outbox_at = coalesce(d.outbox_at, now()), published_at = coalesce(d.published_at, now()),
            updated_at = now()
        WHERE d.id = @mail_id AND d.epoch = @epoch AND (
            d.state IN ('queued', 'scheduled')
            OR d.state = 'dead' AND d.published_at IS NULL
            OR d.state = 'sending' AND d.claimed_at <= now()
               AND NOT EXISTS (SELECT FROM email.workers AS p WHERE p.id = d.worker_id AND p.lease_until > now()))
        """;

    /// <summary>
    /// A failure for a decision about it; whoever comes second waits and then sees what the first did. Locked after its
    /// mail, in the order in which <c>sent</c> locks them.
    /// </summary>
    public const string Lock = """
        SELECT f.status, f.replay_requested_at IS NOT NULL, f.mail_id, f.epoch, f.original_topic, f.key, f.value, f.headers::text
        FROM email.failures AS f WHERE f.id = @id FOR NO KEY UPDATE
        """;

    /// <summary>The mail of a failure, where it has a row.</summary>
    public const string LockMail = """
        SELECT d.state, d.epoch
        FROM email.failures AS f JOIN email.mails AS d ON d.id = f.mail_id
        WHERE f.id = @id FOR NO KEY UPDATE OF d
        """;

    /// <summary>Notes what is to be produced: the sweep finishes it if this process does not.</summary>
    public const string RequestReplay = """
        UPDATE email.failures SET
            replay_requested_at = now(), replay_claimed_at = now(), replay_epoch = @epoch, replayed_as = @mail_id, updated_at = now()
        WHERE id = @id
        """;

    /// <summary>The record of the replay was acked. A mail that was sent meanwhile has resolved its failure already.</summary>
    public const string MarkReplayed = """
        UPDATE email.failures SET
            status = CASE WHEN status = 'unresolved' THEN 'replayed' ELSE status END, replayed_at = now(), updated_at = now()
        WHERE id = @id AND replay_requested_at IS NOT NULL AND replayed_at IS NULL
        """;

    /// <summary>
    /// Takes on replays that nobody finished. Each is taken by one process: the claim's time moves, and rows that another
    /// is just taking are passed over.
    /// </summary>
    public const string TakePendingReplays = """
        UPDATE email.failures AS f SET replay_claimed_at = now(), updated_at = now()
        FROM (
            SELECT id FROM email.failures
            WHERE status = 'unresolved' AND replay_requested_at IS NOT NULL AND replayed_at IS NULL
              AND replay_claimed_at <= now() - @older_than
            ORDER BY replay_claimed_at LIMIT @limit
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS pending
        WHERE f.id = pending.id
        RETURNING f.id, f.replayed_as, f.replay_epoch, f.original_topic, f.key, f.value, f.headers::text
        """;

    /// <summary>Left permanently, with its mail.</summary>
    public const string Discard = """
        WITH mail AS (
            UPDATE email.mails SET state = 'discarded', ended_at = now(), updated_at = now()
            WHERE id = @mail_id AND state = 'dead' AND epoch = @epoch
        )
        UPDATE email.failures SET status = 'discarded', updated_at = now() WHERE id = @id
        """;

    /// <summary>The audit of a decision.</summary>
    public const string Audit = """
        INSERT INTO email.failure_actions (failure_id, at, actor, action, reason, before, after)
        VALUES (@id, now(), @actor, @action, @reason, @before, @after)
        """;
}
