namespace Persistence.Failures;

/// <summary>Failures in SQL.</summary>
internal static class FailureSql
{
    /// <summary>The failure <c>f</c> waits for a decision, for the outcome of its replay, or for that of a later round.</summary>
    public const string IsOpen = "f.status IN ('unresolved', 'replayed', 'failed_again')";

    /// <summary>A replay of the failure was asked for and is not published.</summary>
    public const string ReplayPending = "status = 'unresolved' AND replay_requested_at IS NOT NULL AND replayed_at IS NULL";

    /// <summary>
    /// Failures for a decision about them; whoever comes second waits and then sees what the first did. Locked after their
    /// mails, as by the outcome <c>sent</c>.
    /// </summary>
    public const string Lock = """
        SELECT f.id, f.status, f.replay_requested_at IS NOT NULL AS replay_pending, f.mail_id, f.epoch, f.original_topic, f.key, f.value, f.headers::text AS headers
        FROM email.failures AS f WHERE f.id = ANY (@ids) ORDER BY f.id FOR NO KEY UPDATE
        """;

    /// <summary>The mails of failures, where they have rows.</summary>
    public const string LockMails = """
        SELECT m.id, m.state, m.epoch FROM email.mails AS m
        WHERE m.id IN (SELECT f.mail_id FROM email.failures AS f WHERE f.id = ANY (@ids)) ORDER BY m.id FOR NO KEY UPDATE
        """;

    /// <summary>Records what is to be produced: the sweep produces it if this process does not.</summary>
    public const string RequestReplay = """
        UPDATE email.failures AS f SET
            replay_requested_at = now(), replay_claimed_at = now(), replay_epoch = g.epoch, replayed_as = g.mail_id, operation_id = @operation_id, updated_at = now()
        FROM (SELECT unnest(@ids) AS id, unnest(@mail_ids) AS mail_id, unnest(@epochs) AS epoch) AS g
        WHERE f.id = g.id
        """;

    /// <summary>As a replay, of other content as another mail.</summary>
    public const string RequestEdit = """
        WITH mail AS (
            UPDATE email.mails AS m SET state = 'discarded', ended_at = now(), last_error = 'Edited, and sent as mail ' || @mail_id || '.', updated_at = now()
            FROM email.failures AS f WHERE f.id = @id AND m.id = f.mail_id AND m.state = 'dead' AND m.epoch = f.epoch
        )
        UPDATE email.failures SET
            replay_requested_at = now(), replay_claimed_at = now(), replay_epoch = 0, replayed_as = @mail_id, replay_key = @key, replay_value = @value, updated_at = now()
        WHERE id = @id
        """;

    /// <summary>The replay is published: its record is acknowledged. A mail that was sent meanwhile has resolved its failure already.</summary>
    public const string MarkReplayed = """
        UPDATE email.failures SET
            status = CASE WHEN status = 'unresolved' THEN 'replayed' ELSE status END, replayed_at = now(), updated_at = now()
        WHERE id = ANY (@ids) AND replay_requested_at IS NOT NULL AND replayed_at IS NULL
        """;

    /// <summary>
    /// Claims replays that were not published. Each goes to one process: the claim's time moves, and rows that another
    /// is claiming at this moment are skipped.
    /// </summary>
    public const string ClaimPendingReplays = $"""
        UPDATE email.failures AS f SET replay_claimed_at = now(), updated_at = now()
        FROM (
            SELECT id FROM email.failures
            WHERE {ReplayPending}
              AND replay_claimed_at <= now() - @older_than
            ORDER BY replay_claimed_at LIMIT @limit
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS pending
        WHERE f.id = pending.id
        RETURNING f.id, f.replayed_as, f.replay_epoch, f.original_topic,
            CASE WHEN f.replay_value IS NULL THEN f.key ELSE f.replay_key END AS key, coalesce(f.replay_value, f.value) AS value, f.headers::text AS headers
        """;

    /// <summary>Discarded, with their mails.</summary>
    public const string Discard = """
        WITH mail AS (
            UPDATE email.mails AS m SET state = 'discarded', ended_at = now(), updated_at = now()
            FROM email.failures AS f WHERE f.id = ANY (@ids) AND m.id = f.mail_id AND m.state = 'dead' AND m.epoch = f.epoch
        )
        UPDATE email.failures SET status = 'discarded', updated_at = now() WHERE id = ANY (@ids)
        """;

    /// <summary>Open again, with their mails.</summary>
    public const string Restore = """
        WITH mail AS (
            UPDATE email.mails AS m SET state = 'dead', updated_at = now()
            FROM email.failures AS f WHERE f.id = ANY (@ids) AND m.id = f.mail_id AND m.state = 'discarded' AND m.epoch = f.epoch
        )
        UPDATE email.failures SET status = 'unresolved', updated_at = now() WHERE id = ANY (@ids)
        """;

    /// <summary>The audit of decisions.</summary>
    public const string Audit = """
        INSERT INTO email.failure_actions (failure_id, actor, action, reason, operation_id, before, after)
        SELECT g.id, @actor, @action, @reason, @operation_id, g.before::jsonb, g.after::jsonb
        FROM (SELECT unnest(@ids) AS id, unnest(@before) AS before, unnest(@after) AS after) AS g
        """;

    /// <summary>
    /// Parts that resolve the open failures of mails that are sent or canceled, and audit that; to be followed by a SELECT.
    /// </summary>
    /// <param name="mails">The part that has the mails, with id, state_before, epoch_before and epoch.</param>
    /// <param name="state">The state that they have come to.</param>
    public static string Resolve(string mails, string state) => $"""
        open_failure AS (
            SELECT f.id, f.status, mail.state_before, mail.epoch_before, mail.epoch
            FROM {mails} AS mail, LATERAL (
                SELECT id, status FROM email.failures WHERE mail_id = mail.id
                UNION SELECT id, status FROM email.failures WHERE replayed_as = mail.id) AS f
            WHERE {IsOpen}
        ), resolved AS (
            UPDATE email.failures AS f SET status = 'resolved', updated_at = now()
            FROM open_failure AS before WHERE f.id = before.id AND {IsOpen}
            RETURNING f.id, before.status, before.state_before, before.epoch_before, before.epoch
        ), audited AS (
            INSERT INTO email.failure_actions (failure_id, actor, action, reason, before, after)
            SELECT id, @actor, 'resolve', 'The mail was {state}.',
                jsonb_build_object('status', status, 'mail', jsonb_build_object('state', state_before, 'epoch', epoch_before)),
                jsonb_build_object('status', 'resolved', 'mail', jsonb_build_object('state', '{state}', 'epoch', epoch))
            FROM resolved
        )
        """;
}
