namespace Persistence.Ledger;

/// <summary>What the ledger asks the database, set by set.</summary>
internal static class LedgerSql
{
    /// <summary>
    /// The row of each record's mail; where that does not speak for the record, whether it has a failure: under its mail and with its
    /// bytes, or by where it lay, as records have that could not be linked to a mail.
    /// </summary>
    public const string LookUp = """
        SELECT
            d.id IS NOT NULL AS has_row, d.epoch, d.attempt, d.state, d.outbox_entry, d.published_at IS NOT NULL AS marked,
            coalesce(d.content_hash <> r.content_hash
                AND (d.first_topic, d.first_partition, d.first_offset) IS DISTINCT FROM (r.topic, r.partition, r.record_offset), false) AS other_content,
            CASE WHEN d.id IS NULL OR d.content_hash <> r.content_hash THEN
                EXISTS (SELECT FROM email.failures AS f
                    WHERE f.mail_id = r.id AND f.epoch >= r.epoch AND sha256(coalesce(f.value, '')) = r.content_hash)
                OR EXISTS (SELECT FROM email.failures AS f
                    WHERE f.mail_id IS NULL AND f.original_topic = r.topic AND f.original_partition = r.partition
                      AND f.original_offset = r.record_offset AND f.original_timestamp = r.record_timestamp)
            ELSE false END AS has_failure
        FROM unnest(@ids, @epochs, @topics, @partitions, @offsets, @timestamps, @hashes) WITH ORDINALITY
            AS r (id, epoch, topic, partition, record_offset, record_timestamp, content_hash, place)
        LEFT JOIN email.mails AS d ON d.id = r.id
        ORDER BY r.place
        """;

    /// <summary>
    /// Mails that have not come to their end, with the leases, replays and failures of the same moment: one statement is one view of
    /// the database. A mail is dead permanently once its failure is there. No index knows what is unfinished: the table is read through.
    /// </summary>
    public const string Open = """
        SELECT
            d.id, d.epoch, d.attempt, d.state, d.outbox_entry, d.published_at IS NOT NULL AS marked,
            EXISTS (SELECT FROM email.workers AS w WHERE w.id = d.worker_id AND w.lease_until > now()) AS live,
            d.outbox_attempt,
            EXISTS (SELECT FROM email.failures AS f WHERE f.replayed_as = d.id AND f.replay_epoch = d.epoch
                AND f.status = 'unresolved' AND f.replay_requested_at IS NOT NULL AND f.replayed_at IS NULL) AS replay_pending,
            EXISTS (SELECT FROM email.failures AS f WHERE f.mail_id = d.id AND f.epoch = d.epoch) AS has_failure,
            d.first_topic, d.first_partition, d.first_offset, d.record_timestamp, d.subject, d.last_error, d.updated_at
        FROM email.mails AS d
        WHERE (d.state IN ('scheduled', 'queued', 'sending')
            OR d.state = 'dead' AND (d.published_at IS NULL
                OR NOT EXISTS (SELECT FROM email.failures AS f WHERE f.mail_id = d.id AND f.epoch = d.epoch)))
        """;

    /// <summary><see cref="Open"/>, of some mails alone.</summary>
    public const string OpenOf = Open + " AND d.id = ANY (@ids)";

    /// <summary>Records older than this may have had rows that the retention job removed.</summary>
    public const string Horizon = "SELECT max(horizon) FROM email.retention_horizons";

    /// <summary>The last record of a topic that the database know, by partition.</summary>
    public const string LastKnown = """
        SELECT first_partition, max(first_offset) FROM email.mails WHERE first_topic = @topic GROUP BY first_partition
        """;

    /// <summary>The bytes of a mail's latest failure.</summary>
    public const string Kept = """
        SELECT key, value, headers::text FROM email.failures WHERE mail_id = @id OR replayed_as = @id ORDER BY epoch DESC LIMIT 1
        """;
}
