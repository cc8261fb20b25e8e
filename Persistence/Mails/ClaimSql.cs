namespace Persistence.Mails;

/// <summary>The claim in SQL. What may be claimed is said by <see cref="Transitions"/> too; change both or neither.</summary>
internal static class ClaimSql
{
    /// <summary>
    /// Inserts the rows of mails that have none, at the first attempt, as nearly every mail is claimed. What it finds otherwise it
    /// leaves as it is and does not answer: that is for <see cref="Claim"/>, which costs twice as much. Fails as a whole where another
    /// worker inserts one of the rows meanwhile.
    /// </summary>
    /// <remarks>The subqueries in the place of values keep the planner from joins that read whole tables.</remarks>
    public static readonly Statement ClaimFresh = new($"""
        INSERT INTO email.mails (
            id, epoch, attempt, state, worker_id, fencing_token, message_id_header,
            first_topic, first_partition, first_offset, record_timestamp, content_hash,
            accepted_at, key, subject, sender, unknown_outcomes, created_at, claimed_at, updated_at)
        SELECT
            g.id, 0, 1, 'sending', g.worker_id, 1, g.message_id_header,
            g.topic, g.partition, g.offset, g.timestamp, g.content_hash,
            g.accepted_at, g.key, g.subject, g.sender, 0, now(), clock_timestamp(), now()
        FROM (
            SELECT unnest(@ids) AS id, unnest(@worker_ids) AS worker_id, unnest(@message_id_headers) AS message_id_header,
                unnest(@topics) AS topic, unnest(@partitions) AS partition, unnest(@offsets) AS "offset",
                unnest(@timestamps) AS "timestamp", unnest(@content_hashes) AS content_hash,
                unnest(@accepted_ats) AS accepted_at, unnest(@keys) AS key, unnest(@subjects) AS subject,
                unnest(@senders) AS sender
            {BatchSql.Few}) AS g
        {BatchSql.ShortLockTimeout}
          AND g.worker_id = ANY (ARRAY(SELECT w.id FROM email.workers AS w WHERE w.lease_until > now()))
          AND (SELECT d.id FROM email.mails AS d WHERE d.id = g.id) IS NULL
        RETURNING id
        """);

    /// <summary>
    /// Inserts or takes the rows of mails that differ, in one statement that settles every race: of several workers a row lets
    /// one through, and the others get no row back. A worker without a lease of its own claims nothing.
    /// </summary>
    /// <remarks>
    /// <para>
    /// <c>claimed_at &lt;= now()</c>: the statement may have waited for the row while another worker claimed it. The row is
    /// then newer than this statement's view of <c>workers</c>, so that worker's lease cannot be judged and counts as live. For
    /// that <c>claimed_at</c> is the clock at the row itself: it lies after all that its own statement has seen.
    /// </para>
    /// <para>
    /// <c>IS TRUE</c> keeps the planner from a join that compares each with each: it then looks the ids up in a hash table.
    /// </para>
    /// <para>
    /// A worker that takes a claim of its own back, since the answer was lost, learns whom it had taken the mail over from: the doubt stays.
    /// </para>
    /// <para>
    /// Recipients are written with what became of them, not here; those that are settled come back. The open ones are those of the
    /// record without them. One that was open when its worker's lease ran out is unknown: it may have been in the middle of DATA. A
    /// claim that inserted the row has token 1, which no other has, and nothing to tell that its record does not say.
    /// </para>
    /// </remarks>
    public static readonly Statement Claim = new($"""
        WITH claimed AS (
            INSERT INTO email.mails AS d (
                id, epoch, attempt, state, worker_id, fencing_token, message_id_header,
                first_topic, first_partition, first_offset, record_timestamp, content_hash,
                accepted_at, key, subject, sender, unknown_outcomes, created_at, claimed_at, updated_at)
            SELECT
                g.id, g.epoch, g.attempt, 'sending', w.id, 1, g.message_id_header,
                g.topic, g.partition, g.offset, g.timestamp, g.content_hash,
                g.accepted_at, g.key, g.subject, g.sender, 0, now(), clock_timestamp(), now()
            FROM (
                SELECT unnest(@ids) AS id, unnest(@epochs) AS epoch, unnest(@attempts) AS attempt,
                    unnest(@worker_ids) AS worker_id, unnest(@message_id_headers) AS message_id_header,
                    unnest(@topics) AS topic, unnest(@partitions) AS partition, unnest(@offsets) AS "offset",
                    unnest(@timestamps) AS "timestamp", unnest(@content_hashes) AS content_hash,
                    unnest(@accepted_ats) AS accepted_at, unnest(@keys) AS key, unnest(@subjects) AS subject,
                    unnest(@senders) AS sender
                {BatchSql.Few}) AS g
            JOIN email.workers AS w ON w.id = g.worker_id AND w.lease_until > now()
            {BatchSql.LockTimeout}
            ORDER BY g.id
            ON CONFLICT (id) DO UPDATE SET
                attempt = excluded.attempt,
                state = 'sending',
                outbox_entry = NULL, outbox_attempt = NULL, outbox_reason = NULL, outbox_at = NULL, published_at = NULL,
                taken_over_from = CASE
                    WHEN d.state <> 'sending' THEN NULL
                    WHEN d.worker_id = excluded.worker_id THEN coalesce(d.taken_over_from, d.worker_id)
                    ELSE d.worker_id END,
                unknown_outcomes = d.unknown_outcomes
                    + CASE WHEN d.state = 'sending' AND d.worker_id <> excluded.worker_id THEN 1 ELSE 0 END,
                worker_id = excluded.worker_id,
                fencing_token = greatest(d.fencing_token, 1) + 1,
                message_id_header = coalesce(d.message_id_header, excluded.message_id_header),
                first_topic = coalesce(d.first_topic, excluded.first_topic),
                first_partition = coalesce(d.first_partition, excluded.first_partition),
                first_offset = coalesce(d.first_offset, excluded.first_offset),
                record_timestamp = coalesce(d.record_timestamp, excluded.record_timestamp),
                content_hash = coalesce(d.content_hash, excluded.content_hash),
                accepted_at = coalesce(d.accepted_at, excluded.accepted_at),
                key = coalesce(d.key, excluded.key),
                subject = coalesce(d.subject, excluded.subject),
                sender = coalesce(d.sender, excluded.sender),
                stored_key = NULL, stored_value = NULL, stored_headers = NULL,
                claimed_at = clock_timestamp(), next_attempt_at = NULL, updated_at = now()
            WHERE d.epoch = excluded.epoch
              AND excluded.attempt >= d.attempt
              AND NOT (
                  excluded.epoch = 0 AND excluded.attempt = 1
                  AND d.content_hash IS NOT NULL AND d.content_hash <> excluded.content_hash
                  AND (d.first_topic, d.first_partition, d.first_offset)
                      IS DISTINCT FROM (excluded.first_topic, excluded.first_partition, excluded.first_offset))
              AND (
                  d.state IN ('queued', 'scheduled') AND (d.outbox_entry IS NULL OR excluded.attempt > d.attempt)
                  OR d.state = 'sending' AND d.claimed_at <= now() AND (
                      NOT EXISTS (SELECT FROM email.workers AS p WHERE p.id = d.worker_id AND p.lease_until > now())
                      OR d.worker_id = excluded.worker_id AND d.id = ANY(@reclaimed)))
            RETURNING d.id, d.fencing_token, d.taken_over_from, d.worker_id, d.message_id_header, d.record_timestamp
        ), doubtful AS (
            INSERT INTO email.mail_recipients AS r (mail_id, address, ordinal, kind, outcome, updated_at)
            SELECT g.id, g.address, g.ordinal, g.kind, 'unknown', now()
            FROM (
                SELECT unnest(@recipient_ids) AS id, unnest(@addresses) AS address, unnest(@ordinals) AS ordinal,
                    unnest(@recipient_kinds) AS kind
                {BatchSql.Few}) AS g
            WHERE (g.id IN (SELECT id FROM claimed WHERE taken_over_from <> worker_id)) IS TRUE
            ON CONFLICT (mail_id, address) DO UPDATE SET outcome = 'unknown', updated_at = now() WHERE r.outcome = 'pending'
        )
        SELECT c.id, c.fencing_token, c.taken_over_from,
            CASE WHEN c.fencing_token > 1 THEN c.message_id_header END,
            CASE WHEN c.fencing_token > 1 THEN c.record_timestamp END,
            CASE WHEN c.fencing_token > 1 THEN ARRAY(
                SELECT r.address FROM email.mail_recipients AS r
                WHERE r.mail_id = c.id AND r.outcome IN ('accepted', 'rejected')) END AS settled,
            CASE WHEN c.fencing_token > 1 THEN ARRAY(
                SELECT r.address FROM email.mail_recipients AS r
                WHERE r.mail_id = c.id AND r.outcome = 'rejected' ORDER BY r.ordinal) END AS rejected
        FROM claimed AS c
        """);

    /// <summary>Why claims did not go through: a line for each, with the row, whoever holds it, and the claiming worker's own lease.</summary>
    public static readonly Statement Explain = new($"""
        SELECT
            g.id AS asked, d.epoch, d.attempt, d.state, d.outbox_entry, d.published_at IS NOT NULL AS marked,
            CASE
                WHEN d.claimed_at > now() THEN 'live'
                WHEN p.lease_until > now() AND d.worker_id = g.worker_id AND d.id = ANY(@reclaimed) THEN 'own'
                WHEN p.lease_until > now() THEN 'live'
                ELSE 'lapsed'
            END AS holder,
            coalesce(d.content_hash <> g.content_hash
                AND (d.first_topic, d.first_partition, d.first_offset) IS DISTINCT FROM (g.topic, g.partition, g.offset), false) AS other_content,
            d.worker_id, p.name, p.lease_until,
            d.outbox_attempt, d.next_attempt_at, d.outbox_reason,
            EXISTS (SELECT FROM email.workers AS w WHERE w.id = g.worker_id AND w.lease_until > now()) AS has_lease,
            d.id IS NOT NULL AS has_row
        FROM (
            SELECT unnest(@ids) AS id, unnest(@worker_ids) AS worker_id, unnest(@topics) AS topic,
                unnest(@partitions) AS partition, unnest(@offsets) AS "offset",
                unnest(@content_hashes) AS content_hash
            {BatchSql.Few}) AS g
        LEFT JOIN email.mails AS d ON d.id = g.id
        LEFT JOIN email.workers AS p ON p.id = d.worker_id
        """);

    /// <summary>What a worker holds of some mails.</summary>
    public const string Held = """
        SELECT id, epoch, attempt, fencing_token FROM email.mails
        WHERE id = ANY(@ids) AND state = 'sending' AND worker_id = @worker_id
        """;

    /// <summary>Names a worker that there is not, and so has no lease: the next claim takes the mail over.</summary>
    public const string Abandon = """
        UPDATE email.mails SET worker_id = @nobody, updated_at = now()
        WHERE id = @id AND state = 'sending' AND fencing_token = @token
        """;

    /// <summary>
    /// Raises a row to a later epoch, as a replay does: waiting for its first attempt, with every recipient open
    /// again that has not accepted. Takes no row that has moved in the meantime.
    /// </summary>
    public const string Raise = """
        WITH raised AS (
            UPDATE email.mails AS d SET
                epoch = @epoch, attempt = 0, state = 'queued',
                outbox_entry = NULL, outbox_attempt = NULL, outbox_reason = NULL, outbox_at = NULL, published_at = NULL,
                next_attempt_at = NULL, ended_at = NULL, updated_at = now()
            WHERE d.id = @id AND d.epoch < @epoch AND (
                d.state IN ('queued', 'scheduled', 'dead')
                OR d.state = 'sending' AND d.claimed_at <= now()
                   AND NOT EXISTS (SELECT FROM email.workers AS p WHERE p.id = d.worker_id AND p.lease_until > now()))
            RETURNING d.id
        ), reopened AS (
            UPDATE email.mail_recipients AS r SET outcome = 'pending', updated_at = now()
            FROM raised WHERE r.mail_id = raised.id AND r.outcome IN ('rejected', 'deferred')
        )
        SELECT count(*) FROM raised
        """;
}
