using Persistence.Failures;
using Persistence.Mails;

namespace Persistence.Ledger;

/// <summary>What the ledger asks the database, set by set.</summary>
internal static class LedgerSql
{
    private const string HasFailure = "EXISTS (SELECT FROM email.failures AS f WHERE f.mail_id = m.id AND f.epoch = m.epoch)";

    /// <summary>
    /// The row of each record's mail; where that says nothing of the record, whether it has a failure: under its mail and with its
    /// bytes, or by where it lay, as records have that could not be linked to a mail.
    /// </summary>
    public static readonly string LookUp = $"""
        SELECT
            {MailSql.Facts("'lapsed'", MailSql.OtherContent("g"))},
            CASE WHEN m.id IS NULL OR m.content_hash <> g.content_hash THEN
                EXISTS (SELECT FROM email.failures AS f
                    WHERE f.mail_id = g.id AND f.epoch >= g.epoch AND sha256(coalesce(f.value, '')) = g.content_hash)
                OR EXISTS (SELECT FROM email.failures AS f
                    WHERE f.mail_id IS NULL AND f.original_topic = g.first_topic AND f.original_partition = g.first_partition
                      AND f.original_offset = g.first_offset AND f.original_timestamp = g.record_timestamp)
            ELSE false END AS has_failure
        FROM unnest(@ids, @epochs, @topics, @partitions, @offsets, @timestamps, @hashes) WITH ORDINALITY
            AS g (id, epoch, first_topic, first_partition, first_offset, record_timestamp, content_hash, place)
        LEFT JOIN email.mails AS m ON m.id = g.id
        ORDER BY g.place
        """;

    /// <summary>
    /// Mails that are not finished, with the leases, replays and failures of the same moment: one statement is one view of
    /// the database. A mail is dead permanently once its failure is there. No index knows what is unfinished: the table is read through.
    /// </summary>
    public static readonly string Open = $"""
        SELECT
            m.id, {MailSql.Facts($"CASE WHEN {MailSql.LiveLease} THEN 'live' ELSE 'lapsed' END", "false")},
            m.outbox_attempt,
            EXISTS (SELECT FROM email.failures AS f WHERE f.replayed_as = m.id AND f.replay_epoch = m.epoch AND {FailureSql.ReplayPending}) AS replay_pending,
            {HasFailure} AS has_failure,
            m.first_topic, m.first_partition, m.first_offset, m.record_timestamp, m.subject, m.last_error, m.updated_at
        FROM email.mails AS m
        WHERE (m.state IN ('scheduled', 'queued', 'sending') OR m.state = 'held' AND m.outbox_entry = 'schedule' OR m.state = 'dead' AND (m.published_at IS NULL OR NOT {HasFailure}))
        """;

    /// <summary><see cref="Open"/>, of some mails alone.</summary>
    public static readonly string OpenOf = Open + " AND m.id = ANY (@ids)";

    /// <summary>Records older than this may have had rows that the retention job removed.</summary>
    public const string Horizon = "SELECT max(horizon) FROM email.retention_horizons";

    /// <summary>The last record of some topics that the database knows, by partition.</summary>
    public const string LastKnown = """
        SELECT first_topic, first_partition, max(first_offset) AS last_offset FROM email.mails
        WHERE first_topic = ANY (@topics) GROUP BY first_topic, first_partition
        """;

    /// <summary>The youngest record that a row was made of. The outcome of its mail, which nothing else has, is lost with it.</summary>
    public const string Newest = "SELECT max(record_timestamp) FROM email.mails";

    /// <summary>The bytes of a mail's latest failure.</summary>
    public const string Stored = """
        SELECT key, value, headers::text AS headers FROM email.failures WHERE mail_id = @id OR replayed_as = @id ORDER BY epoch DESC LIMIT 1
        """;
}
