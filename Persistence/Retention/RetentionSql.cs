namespace Persistence.Retention;

/// <summary>What removes old rows, a batch at a time.</summary>
internal static class RetentionSql
{
    /// <summary>Whether this transaction may sweep: one process does at a time. The lock ends with the transaction, however that ends.</summary>
    public const string Lock = "SELECT pg_try_advisory_xact_lock(@key)";

    /// <summary>
    /// Mails that ended long ago, with their recipients, the oldest first; rows that somebody holds at this moment are left for the next
    /// sweep. A mail with a failure that waits for somebody stays, as does one whose record is younger than the horizon by its timestamp.
    /// A mail ends after its row was written, so those that were written since the horizon need not be looked at.
    /// </summary>
    public const string Mails = """
        WITH doomed AS (
            SELECT d.id, d.created_at FROM email.mails AS d
            WHERE d.created_at >= @from AND d.created_at < @before
              AND d.state IN ('sent', 'canceled', 'replaced', 'discarded') AND d.ended_at < @before
              AND (d.record_timestamp IS NULL OR d.record_timestamp < @before)
              AND NOT EXISTS (SELECT FROM email.failures AS f WHERE f.mail_id = d.id AND f.status = 'unresolved')
            ORDER BY d.created_at LIMIT @limit
            FOR UPDATE SKIP LOCKED
        ), recipients AS (
            DELETE FROM email.mail_recipients AS r USING doomed WHERE r.mail_id = doomed.id
        ), gone AS (
            DELETE FROM email.mails AS d USING doomed WHERE d.id = doomed.id RETURNING doomed.created_at AS place
        )
        SELECT count(*), max(place) FROM gone
        """;

    /// <summary>
    /// Failures that came to an end long ago, with what was done about them: resolved or discarded, or replayed where the mail that they
    /// were replayed as has ended well or is gone, and nothing of it waits for somebody.
    /// </summary>
    public const string Failures = """
        WITH doomed AS (
            SELECT f.id, f.failed_at FROM email.failures AS f
            WHERE f.status IN ('resolved', 'discarded', 'replayed') AND f.failed_at >= @from AND f.failed_at < @before AND f.updated_at < @before
              AND (f.original_timestamp IS NULL OR f.original_timestamp < @before)
              AND (f.status <> 'replayed' OR NOT EXISTS (
                  SELECT FROM email.mails AS d WHERE d.id = f.replayed_as AND d.state IN ('scheduled', 'queued', 'sending', 'dead'))
                  AND NOT EXISTS (SELECT FROM email.failures AS o WHERE o.mail_id = f.replayed_as AND o.status = 'unresolved'))
            ORDER BY f.failed_at LIMIT @limit
            FOR UPDATE SKIP LOCKED
        ), gone AS (
            DELETE FROM email.failures AS f USING doomed WHERE f.id = doomed.id RETURNING doomed.failed_at AS place
        )
        SELECT count(*), max(place) FROM gone
        """;

    /// <summary>
    /// Failures that nobody has looked after for long, and the dead mail of each with it: a dead mail without a failure would look lost.
    /// One whose replay is under way stays.
    /// </summary>
    public const string UnresolvedFailures = """
        WITH doomed AS (
            SELECT f.id, f.mail_id, f.epoch, f.failed_at FROM email.failures AS f
            WHERE f.status = 'unresolved' AND f.failed_at >= @from AND f.failed_at < @before AND f.updated_at < @before AND f.replay_requested_at IS NULL
              AND (f.original_timestamp IS NULL OR f.original_timestamp < @before)
              AND NOT EXISTS (SELECT FROM email.mails AS d WHERE d.id = f.mail_id AND d.state = 'dead' AND d.record_timestamp >= @before)
            ORDER BY f.failed_at LIMIT @limit
            FOR UPDATE SKIP LOCKED
        ), mails AS (
            DELETE FROM email.mails AS d USING doomed
            WHERE d.id = doomed.mail_id AND d.epoch = doomed.epoch AND d.state = 'dead'
            RETURNING d.id
        ), recipients AS (
            DELETE FROM email.mail_recipients AS r USING mails WHERE r.mail_id = mails.id
        ), gone AS (
            DELETE FROM email.failures AS f USING doomed WHERE f.id = doomed.id RETURNING doomed.failed_at AS place
        )
        SELECT count(*), max(place) FROM gone
        """;

    /// <summary>
    /// Moves a horizon, in the transaction that removes the rows. Horizons are told for mails and failures; a failure that nobody looked
    /// after takes its mail with it, so it moves both.
    /// </summary>
    public const string Move = """
        INSERT INTO email.retention_horizons AS h (store, horizon, removed, swept_at)
        SELECT store, @horizon, @removed, now() FROM unnest(@store) AS b (store)
        ON CONFLICT (store) DO UPDATE SET
            horizon = greatest(h.horizon, excluded.horizon), removed = h.removed + excluded.removed, swept_at = now()
        """;
}
