using Persistence.Mails;

namespace Persistence.Failures;

/// <summary>Dead letters as failures, in SQL.</summary>
internal static class ProjectionSql
{
    /// <summary>
    /// Projects dead letters, one of each mail at most: of each letter its number, the id of its failure, and whether that is <c>new</c>,
    /// <c>known</c> by this very record, has a further <c>copy</c> now, or was <c>removed</c> by the retention job since. No row of a letter where
    /// another process, or another letter of these, writes the same failure at this moment: repeat it then, to see that.
    /// </summary>
    /// <remarks>
    /// The mails are locked first, as by the outcome <c>sent</c>; all that follows goes by what their locked rows say. The letter is the mail's
    /// where this system gave it up and its bytes are the mail's: a foreign record under a mail's id fails alone, without the link. It ends
    /// the mail where the row says so itself, by its outbox entry (which is published then: here it is in the topic), or where it is of the
    /// very record that the row was made of, as after a restore of an older database, or of the delivery that the row waits for: a
    /// redelivery or a replay that a worker could not even read, and that therefore nobody claimed. A mail that a live worker is sending is left to
    /// that worker, as is one that has moved on. The status of the failure follows from the mail, so that rows rebuilt from the topic
    /// do not open what was closed. The failure whose replay this letter is of has failed again, and is linked with it. A failure that waits goes into the outbox of alerts; one
    /// that is closed when it is written, as of a restored database, is not told of.
    /// Updates name their rows by id alone, or by what most rows are: the planner would look for what few rows are, by reading all of them.
    /// </remarks>
    public static readonly Statement Project = new($"""
        WITH g AS MATERIALIZED (
            {Letters}
        ), lists AS MATERIALIZED (
            SELECT l.n, array_agg(l.value ORDER BY l.ordinal) FILTER (WHERE l.kind = 'recipient') AS recipients,
                array_agg(l.value ORDER BY l.ordinal) FILTER (WHERE l.kind = 'code') AS codes, array_agg(l.value ORDER BY l.ordinal) FILTER (WHERE l.kind = 'term') AS terms
            FROM unnest(@list_ns, @list_kinds, @list_values) WITH ORDINALITY AS l (n, kind, value, ordinal) GROUP BY l.n
        ), mail AS MATERIALIZED (
            SELECT g.n, m.id, m.epoch, m.state,
                m.epoch = g.epoch AND (
                    m.state = 'dead' AND m.outbox_entry = 'dead_letter' AND m.published_at IS NULL
                    OR (m.first_topic, m.first_partition, m.first_offset) = (g.original_topic, g.original_partition, g.original_offset)
                        AND (m.state IN ('queued', 'scheduled') OR {MailSql.LeaseLapsed})
                    OR m.state = 'queued' AND m.outbox_entry = 'redelivery' AND m.outbox_attempt = g.attempts
                    OR m.state = 'queued' AND m.epoch > 0 AND m.attempt = 0 AND g.attempts = 1) AS ends,
                coalesce(m.content_hash = g.content_hash, true) AS same_content
            FROM g JOIN email.mails AS m ON m.id = g.mail_id {BatchSql.LockTimeout} ORDER BY m.id FOR NO KEY UPDATE OF m
        ), ended AS (
            UPDATE email.mails AS m SET
                state = 'dead', ended_at = coalesce(m.ended_at, now()), next_attempt_at = NULL,
                last_error = coalesce(m.last_error, g.message),
                outbox_entry = 'dead_letter', outbox_attempt = NULL, outbox_reason = coalesce(m.outbox_reason, g.message),
                outbox_at = coalesce(m.outbox_at, now()), published_at = coalesce(m.published_at, now()),
                updated_at = now()
            FROM mail JOIN g ON g.n = mail.n WHERE m.id = mail.id AND mail.ends AND mail.same_content AND g.own
        ), known AS (
            SELECT g.n, k.id, k.lacks_terms FROM g CROSS JOIN LATERAL (
                SELECT f.id, f.search_terms = ARRAY[]::text[] AS lacks_terms FROM email.failures AS f WHERE {IsRecord("f", "g")}
                UNION ALL SELECT c.failure_id, false FROM email.failure_copies AS c WHERE {IsRecord("c", "g")}
                LIMIT 1) AS k
        ), of_epoch AS (
            SELECT g.n, f.id, f.value IS NOT DISTINCT FROM g.value AS same_bytes
            FROM g CROSS JOIN LATERAL (SELECT f.id, f.value FROM email.failures AS f WHERE f.mail_id = g.mail_id AND f.epoch = g.epoch LIMIT 1) AS f
        ), link AS (
            SELECT g.n, CASE WHEN g.own
                AND NOT EXISTS (SELECT FROM mail WHERE mail.n = g.n AND NOT mail.same_content)
                AND NOT EXISTS (SELECT FROM of_epoch AS o WHERE o.n = g.n AND NOT o.same_bytes) THEN g.mail_id END AS mail_id
            FROM g
        ), repeated AS (
            SELECT o.n, o.id FROM of_epoch AS o JOIN link ON link.n = o.n WHERE link.mail_id IS NOT NULL
            UNION ALL
            SELECT g.n, f.id FROM g JOIN link ON link.n = g.n CROSS JOIN LATERAL (
                SELECT f.id FROM email.failures AS f
                WHERE f.mail_id IS NULL
                  AND f.original_topic = g.original_topic AND f.original_partition = g.original_partition
                  AND f.original_offset = g.original_offset AND f.original_timestamp = g.original_timestamp
                LIMIT 1) AS f
            WHERE link.mail_id IS NULL
        ), removed AS (
            SELECT g.n FROM g
            WHERE EXISTS (
                SELECT FROM email.retention_offsets AS o
                WHERE o.topic = g.dlt_topic AND o.partition = g.dlt_partition AND g.dlt_offset < o.below_offset AND g.dlt_timestamp <= o.newest)
              AND NOT EXISTS (SELECT FROM known WHERE known.n = g.n) AND NOT EXISTS (SELECT FROM repeated WHERE repeated.n = g.n)
        ), open_recipients AS (
            SELECT link.n,
                array_agg(DISTINCT lower(r.address)) AS addresses,
                array_agg(DISTINCT r.reply_code || coalesce(' ' || r.enhanced_code, '')) FILTER (WHERE r.reply_code IS NOT NULL AND r.outcome IN ('rejected', 'deferred')) AS codes
            FROM link CROSS JOIN LATERAL (SELECT * FROM email.mail_recipients AS r WHERE r.mail_id = link.mail_id AND r.outcome <> 'accepted' OFFSET 0) AS r
            GROUP BY link.n
        ), facts AS (
            SELECT open.*, ARRAY(SELECT DISTINCT d FROM unnest(open.addresses) AS a, substring(a, '.@([^@]+)$') AS d WHERE d IS NOT NULL) AS domains
            FROM (
                SELECT g.n, coalesce(o.addresses, ARRAY(SELECT DISTINCT lower(a) FROM unnest(l.recipients) AS a)) AS addresses,
                    coalesce(l.codes, o.codes, ARRAY[]::text[]) AS codes, l.terms
                FROM g LEFT JOIN open_recipients AS o ON o.n = g.n LEFT JOIN lists AS l ON l.n = g.n) AS open
        ), previous AS (
            SELECT g.n, f.id, f.round FROM g JOIN link ON link.n = g.n CROSS JOIN LATERAL (
                SELECT f.id, f.round FROM email.failures AS f WHERE f.replayed_as = link.mail_id AND f.replay_epoch = g.epoch LIMIT 1) AS f
        ), added AS (
            INSERT INTO email.failures (
                id, dlt_topic, dlt_partition, dlt_offset, dlt_timestamp, mail_id, conflicts_with, epoch, key, value, headers,
                exception_type, message, stack, fingerprint, subject, sender, recipients, domains, reply_codes, search_terms, attempts,
                original_topic, original_partition, original_offset, original_timestamp, original_group,
                status, replayed_as, replay_epoch, round, failed_at)
            SELECT
                g.id, g.dlt_topic, g.dlt_partition, g.dlt_offset, g.dlt_timestamp, link.mail_id, CASE WHEN link.mail_id IS NULL THEN coalesce(g.conflicts_with, g.mail_id) END, g.epoch, g.key, g.value, g.headers,
                g.exception_type, g.message, g.stack, g.fingerprint, g.subject, g.sender, facts.addresses, facts.domains, facts.codes, {Terms}, g.attempts,
                g.original_topic, g.original_partition, g.original_offset, g.original_timestamp, g.original_group,
                coalesce(now_is.status, 'unresolved'), CASE WHEN now_is.status = 'replayed' THEN link.mail_id END, CASE WHEN now_is.status = 'replayed' THEN g.epoch + 1 END,
                coalesce(previous.round + 1, 1), g.failed_at
            FROM g JOIN facts ON facts.n = g.n JOIN link ON link.n = g.n LEFT JOIN previous ON previous.n = g.n LEFT JOIN LATERAL (
                SELECT CASE
                    WHEN mail.state IN ('sent', 'canceled') THEN 'resolved'
                    WHEN mail.state = 'discarded' THEN 'discarded'
                    WHEN mail.epoch > g.epoch THEN 'replayed'
                END AS status
                FROM mail WHERE mail.n = g.n AND mail.id = link.mail_id
            ) AS now_is ON true
            WHERE NOT EXISTS (SELECT FROM known WHERE known.n = g.n) AND NOT EXISTS (SELECT FROM repeated WHERE repeated.n = g.n) AND NOT EXISTS (SELECT FROM removed WHERE removed.n = g.n)
            ORDER BY g.n
            ON CONFLICT DO NOTHING
            RETURNING id, status
        ), to_be_told AS (
            INSERT INTO email.alert_outbox (failure_id) SELECT added.id FROM added JOIN g ON g.id = added.id WHERE added.status = 'unresolved' AND NOT g.is_rebuild
        ), failed_again AS (
            UPDATE email.failures AS f SET status = 'failed_again', failed_again_as = g.id, updated_at = now()
            FROM previous JOIN g ON g.n = previous.n JOIN added ON added.id = g.id WHERE f.id = previous.id AND f.status NOT IN ('failed_again', 'resolved', 'discarded')
        ), filled_in AS (
            UPDATE email.failures AS f SET
                subject = g.subject, sender = g.sender, recipients = facts.addresses, domains = facts.domains, reply_codes = facts.codes, search_terms = {Terms}
            FROM known JOIN g ON g.n = known.n JOIN facts ON facts.n = known.n WHERE f.id = known.id AND known.lacks_terms AND g.is_rebuild
        ), copied AS (
            INSERT INTO email.failure_copies AS c (dlt_topic, dlt_partition, dlt_offset, dlt_timestamp, failure_id)
            SELECT g.dlt_topic, g.dlt_partition, g.dlt_offset, g.dlt_timestamp, repeated.id
            FROM repeated JOIN g ON g.n = repeated.n WHERE NOT EXISTS (SELECT FROM known WHERE known.n = g.n)
            ON CONFLICT DO NOTHING
            RETURNING c.dlt_topic, c.dlt_partition, c.dlt_offset, c.dlt_timestamp, c.failure_id
        )
        SELECT n, id, 'known' AS kind FROM known
        UNION ALL SELECT g.n, added.id, 'new' FROM added JOIN g ON g.id = added.id
        UNION ALL SELECT g.n, copied.failure_id, 'copy' FROM copied JOIN g ON {IsRecord("copied", "g")}
        UNION ALL SELECT removed.n, g.id, 'removed' FROM removed JOIN g ON g.n = removed.n
        """);

    private const string Letters = $"""
        SELECT unnest(@ns) AS n, unnest(@ids) AS id, unnest(@dlt_topics) AS dlt_topic, unnest(@dlt_partitions) AS dlt_partition,
                unnest(@dlt_offsets) AS dlt_offset, unnest(@dlt_timestamps) AS dlt_timestamp, unnest(@mail_ids) AS mail_id,
                unnest(@conflicts_with) AS conflicts_with, unnest(@own) AS own, unnest(@content_hashes) AS content_hash, unnest(@epochs) AS epoch,
                unnest(@keys) AS key, unnest(@values) AS value, unnest(@headers)::jsonb AS headers, unnest(@exception_types) AS exception_type,
                unnest(@messages) AS message, unnest(@stacks) AS stack, unnest(@fingerprints) AS fingerprint, unnest(@subjects) AS subject,
                unnest(@senders) AS sender, unnest(@attempts) AS attempts, unnest(@original_topics) AS original_topic,
                unnest(@original_partitions) AS original_partition, unnest(@original_offsets) AS original_offset,
                unnest(@original_timestamps) AS original_timestamp, unnest(@original_groups) AS original_group, unnest(@failed_at) AS failed_at,
                unnest(@is_rebuild) AS is_rebuild
            {BatchSql.Few}
        """;

    // The terms of a failure (FailureTerms), each once.
    private static string Terms => $"""
        ARRAY(SELECT DISTINCT left(t, {FailureTerms.Length}) FROM (
            SELECT '{FailureTerms.RecipientPrefix}' || unnest(facts.addresses)
            UNION ALL SELECT '{FailureTerms.DomainPrefix}' || unnest(facts.domains)
            UNION ALL SELECT '{FailureTerms.CodePrefix}' || unnest(facts.codes)
            UNION ALL SELECT '{FailureTerms.CodePrefix}' || unnest(string_to_array(c, ' ')) FROM unnest(facts.codes) AS c
            UNION ALL SELECT '{FailureTerms.SenderPrefix}' || lower(g.sender)
            UNION ALL SELECT unnest(facts.terms)) AS terms (t) WHERE t IS NOT NULL)
        """;

    private static string IsRecord(string row, string letter) =>
        $"({row}.dlt_topic, {row}.dlt_partition, {row}.dlt_offset, {row}.dlt_timestamp) = ({letter}.dlt_topic, {letter}.dlt_partition, {letter}.dlt_offset, {letter}.dlt_timestamp)";
}
