namespace Persistence.Retention;

/// <summary>What removes old rows, a batch at a time.</summary>
internal static class RetentionSql
{
    // A deleted row's record, remembered in the statement that deletes it. No two sweeps run at once.
    private const string Remember = """
        INSERT INTO email.retention_offsets AS o (topic, partition, below_offset, newest)
        SELECT topic, partition, max(record_offset) + 1, max(at) FROM gone WHERE topic IS NOT NULL AND at IS NOT NULL GROUP BY topic, partition
        ON CONFLICT (topic, partition) DO UPDATE SET
            below_offset = greatest(o.below_offset, excluded.below_offset), newest = greatest(o.newest, excluded.newest)
        """;

    /// <summary>The partitions of which rows were removed.</summary>
    public const string Offsets = "SELECT topic, partition, below_offset, newest FROM email.retention_offsets";

    /// <summary>Whether a mail has a row or a failure.</summary>
    public const string IsKnown = """
        SELECT EXISTS (SELECT FROM email.mails WHERE id = @id)
            OR EXISTS (SELECT FROM email.failures WHERE mail_id = @id) OR EXISTS (SELECT FROM email.failures WHERE replayed_as = @id)
        """;

    /// <summary>Whether this transaction may sweep: one process does at a time. The lock ends with the transaction, however that ends.</summary>
    public const string Lock = "SELECT pg_try_advisory_xact_lock(@key)";

    /// <summary>
    /// Mails that ended long ago, with their recipients, the oldest first; rows that are locked at this moment are left for the next
    /// sweep. A mail with an unresolved failure or a record still under way stays, as does one whose record is younger than the horizon by its timestamp,
    /// and one that was canceled and whose record nobody has read: its row stops it. What a hold has in its row has not ended, and stays. A mail ends after its row was written, so those that were written since the horizon need not be looked at.
    /// </summary>
    public const string Mails = $"""
        WITH expired AS (
            SELECT m.id, m.created_at, m.first_topic, m.first_partition, m.first_offset, m.record_timestamp FROM email.mails AS m
            WHERE m.created_at >= @from AND m.created_at < @before
              AND m.state IN ('sent', 'canceled', 'discarded', 'held') AND m.ended_at < @before
              AND (m.record_timestamp IS NULL OR m.record_timestamp < @before)
              AND (m.state <> 'canceled' OR m.content_hash IS NOT NULL)
              -- The copy of a canceled mail is in the delay topics until then.
              AND (m.scheduled_at IS NULL OR m.scheduled_at < @before)
              AND NOT EXISTS (SELECT FROM email.failures AS f WHERE f.mail_id = m.id AND f.status = 'unresolved')
              AND NOT EXISTS (SELECT FROM email.failures AS f WHERE f.replayed_as = m.id AND f.status = 'unresolved')
            ORDER BY m.created_at LIMIT @limit
            FOR UPDATE SKIP LOCKED
        ), recipients AS (
            DELETE FROM email.mail_recipients AS r USING expired WHERE r.mail_id = expired.id
        ), removed AS (
            DELETE FROM email.mails AS m USING expired WHERE m.id = expired.id RETURNING expired.created_at AS place
        ), gone AS (
            SELECT first_topic AS topic, first_partition AS partition, first_offset AS record_offset, record_timestamp AS at FROM expired
        ), remembered AS (
            {Remember}
        )
        SELECT count(*) AS rows, max(place) AS next FROM removed
        """;

    /// <summary>
    /// Failures that came to an end long ago, with what was done about them: resolved or discarded, or replayed (once or more) where the mail that they
    /// were replayed as has ended well or is removed, and it has no unresolved failure.
    /// </summary>
    public const string Failures = $"""
        WITH expired AS (
            SELECT f.id, f.failed_at, f.dlt_topic, f.dlt_partition, f.dlt_offset, f.dlt_timestamp FROM email.failures AS f
            WHERE f.status IN ('resolved', 'discarded', 'replayed', 'failed_again') AND f.failed_at >= @from AND f.failed_at < @before AND f.updated_at < @before
              AND (f.original_timestamp IS NULL OR f.original_timestamp < @before)
              AND (f.status NOT IN ('replayed', 'failed_again') OR NOT EXISTS (
                  SELECT FROM email.mails AS m WHERE m.id = f.replayed_as AND (m.state IN ('scheduled', 'queued', 'sending', 'dead') OR m.state = 'held' AND m.ended_at IS NULL))
                  AND NOT EXISTS (SELECT FROM email.failures AS o WHERE o.mail_id = f.replayed_as AND o.status = 'unresolved'))
            ORDER BY f.failed_at LIMIT @limit
            FOR UPDATE SKIP LOCKED
        ), removed AS (
            DELETE FROM email.failures AS f USING expired WHERE f.id = expired.id RETURNING expired.failed_at AS place
        ), gone AS (
            SELECT dlt_topic AS topic, dlt_partition AS partition, dlt_offset AS record_offset, dlt_timestamp AS at FROM expired
        ), remembered AS (
            {Remember}
        )
        SELECT count(*) AS rows, max(place) AS next FROM removed
        """;

    /// <summary>
    /// Failures that nobody has decided about for long, and the dead mail of each with it: a dead mail without a failure would look lost.
    /// One whose replay is under way stays.
    /// </summary>
    public const string UnresolvedFailures = $"""
        WITH expired AS (
            SELECT f.id, f.mail_id, f.epoch, f.failed_at, f.dlt_topic, f.dlt_partition, f.dlt_offset, f.dlt_timestamp FROM email.failures AS f
            WHERE f.status = 'unresolved' AND f.failed_at >= @from AND f.failed_at < @before AND f.updated_at < @before AND f.replay_requested_at IS NULL
              AND (f.original_timestamp IS NULL OR f.original_timestamp < @before)
              AND NOT EXISTS (SELECT FROM email.mails AS m WHERE m.id = f.mail_id AND m.state = 'dead' AND m.record_timestamp >= @before)
            ORDER BY f.failed_at LIMIT @limit
            FOR UPDATE SKIP LOCKED
        ), mails AS (
            DELETE FROM email.mails AS m USING expired
            WHERE m.id = expired.mail_id AND m.epoch = expired.epoch AND m.state = 'dead'
            RETURNING m.id, m.first_topic, m.first_partition, m.first_offset, m.record_timestamp
        ), recipients AS (
            DELETE FROM email.mail_recipients AS r USING mails WHERE r.mail_id = mails.id
        ), removed AS (
            DELETE FROM email.failures AS f USING expired WHERE f.id = expired.id RETURNING expired.failed_at AS place
        ), gone AS (
            SELECT dlt_topic AS topic, dlt_partition AS partition, dlt_offset AS record_offset, dlt_timestamp AS at FROM expired
            UNION ALL SELECT first_topic, first_partition, first_offset, record_timestamp FROM mails
        ), remembered AS (
            {Remember}
        )
        SELECT count(*) AS rows, max(place) AS next FROM removed
        """;

    /// <summary>
    /// Workers that ended long ago and that no mail in sending names; one without a row has no lease, as one that ended has none. Mails that
    /// ended still have the id.
    /// </summary>
    public const string Workers = """
        DELETE FROM email.workers WHERE id IN (
            SELECT w.id FROM email.workers AS w
            WHERE w.lease_until < now() - @ended_for
              AND NOT EXISTS (SELECT FROM email.mails AS m WHERE m.worker_id = w.id AND m.state = 'sending')
            LIMIT @limit
            FOR UPDATE SKIP LOCKED)
        """;

    /// <summary>
    /// What operations that ended long ago met and did, or did not come to. What they refused stays, as the operation tells of it by reason; it has the
    /// other numbers itself.
    /// </summary>
    public const string OperationItems = """
        DELETE FROM email.operation_items AS i USING (
            SELECT i.operation_id, i.ordinal FROM email.operations AS o JOIN email.operation_items AS i ON i.operation_id = o.id
            WHERE o.ended_at < @before AND (i.outcome IS NULL OR i.outcome = 'done')
            LIMIT @limit
            FOR UPDATE OF i SKIP LOCKED) AS expired
        WHERE i.operation_id = expired.operation_id AND i.ordinal = expired.ordinal
        """;

    /// <summary>
    /// Moves a horizon, in the transaction that removes the rows. There is one for mails and one for failures; a failure that nobody decided
    /// about is removed with its mail, so it moves both.
    /// </summary>
    public const string Move = """
        INSERT INTO email.retention_horizons AS h (table_name, horizon, removed, swept_at)
        SELECT t.name, @horizon, @removed, now() FROM unnest(@tables) AS t (name)
        ON CONFLICT (table_name) DO UPDATE SET
            horizon = greatest(h.horizon, excluded.horizon), removed = h.removed + excluded.removed, swept_at = now()
        """;
}
