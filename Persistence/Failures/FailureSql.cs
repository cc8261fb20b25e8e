using Persistence.Mails;

namespace Persistence.Failures;

/// <summary>Failures in SQL.</summary>
internal static class FailureSql
{
    /// <summary>The failure <c>f</c> waits for a decision, for the outcome of its replay, or for that of a later round.</summary>
    public const string IsOpen = "f.status IN ('unresolved', 'replayed', 'failed_again')";

    /// <summary>A replay of the failure was asked for and is not published.</summary>
    public const string ReplayPending = "status = 'unresolved' AND replay_requested_at IS NOT NULL AND replayed_at IS NULL";

    // The terms of a failure (FailureTerms), each once.
    private static readonly string Terms = $"""
        ARRAY(SELECT DISTINCT left(t, {FailureTerms.Length}) FROM (
            SELECT '{FailureTerms.RecipientPrefix}' || unnest(facts.addresses)
            UNION ALL SELECT '{FailureTerms.DomainPrefix}' || unnest(facts.domains)
            UNION ALL SELECT '{FailureTerms.CodePrefix}' || unnest(facts.codes)
            UNION ALL SELECT '{FailureTerms.CodePrefix}' || unnest(string_to_array(c, ' ')) FROM unnest(facts.codes) AS c
            UNION ALL SELECT '{FailureTerms.SenderPrefix}' || lower(@sender)
            UNION ALL SELECT unnest(@terms)) AS terms (t) WHERE t IS NOT NULL)
        """;

    private const string Record = "(dlt_topic, dlt_partition, dlt_offset, dlt_timestamp) = (@dlt_topic, @dlt_partition, @dlt_offset, @dlt_timestamp)";

    /// <summary>
    /// Projects a dead letter: the id of its failure, and whether that is <c>new</c>, <c>known</c> by this very record, has a further
    /// <c>copy</c> now, or was <c>removed</c> by the retention job since. No row where another process writes the same failure at this moment: repeat it then, to see that.
    /// </summary>
    /// <remarks>
    /// The mail is locked first, as by the outcome <c>sent</c>; all that follows goes by what its locked row says. The letter is the mail's
    /// where this system gave it up and its bytes are the mail's: a foreign record under a mail's id fails alone, without the link. It ends
    /// the mail where the row says so itself, by its outbox entry (which is published then: here it is in the topic), or where it is of the
    /// very record that the row was made of, as after a restore of an older database, or of the delivery that the row waits for: a
    /// redelivery or a replay that a worker could not even read, and that therefore nobody claimed. A mail that a live worker is sending is left to
    /// that worker, as is one that has moved on. The status of the failure follows from the mail, so that rows rebuilt from the topic
    /// do not open what was closed. The failure whose replay this letter is of has failed again, and is linked with it. A failure that waits goes into the outbox of alerts; one
    /// that is closed when it is written, as of a restored database, is not told of.
    /// </remarks>
    public static readonly string Project = $"""
        WITH mail AS MATERIALIZED (
            SELECT m.id, m.epoch, m.state,
                m.epoch = @epoch AND (
                    m.state = 'dead' AND m.outbox_entry = 'dead_letter' AND m.published_at IS NULL
                    OR (m.first_topic, m.first_partition, m.first_offset) = (@original_topic, @original_partition, @original_offset)
                        AND (m.state IN ('queued', 'scheduled') OR {MailSql.LeaseLapsed})
                    OR m.state = 'queued' AND m.outbox_entry = 'redelivery' AND m.outbox_attempt = @attempts
                    OR m.state = 'queued' AND m.epoch > 0 AND m.attempt = 0 AND @attempts = 1) AS ends,
                coalesce(m.content_hash = @content_hash, true) AS same_content
            FROM email.mails AS m WHERE m.id = @mail_id FOR NO KEY UPDATE
        ), ended AS (
            UPDATE email.mails AS m SET
                state = 'dead', ended_at = coalesce(m.ended_at, now()), next_attempt_at = NULL,
                last_error = coalesce(m.last_error, @message),
                outbox_entry = 'dead_letter', outbox_attempt = NULL, outbox_reason = coalesce(m.outbox_reason, @message),
                outbox_at = coalesce(m.outbox_at, now()), published_at = coalesce(m.published_at, now()),
                updated_at = now()
            FROM mail WHERE m.id = mail.id AND mail.ends AND mail.same_content AND @own
        ), known AS (
            SELECT id FROM email.failures WHERE {Record}
            UNION ALL SELECT failure_id FROM email.failure_copies WHERE {Record}
            LIMIT 1
        ), of_epoch AS (
            SELECT id, value IS NOT DISTINCT FROM @value AS same_bytes FROM email.failures WHERE mail_id = @mail_id AND epoch = @epoch
        ), link AS (
            SELECT CASE WHEN @own
                AND NOT EXISTS (SELECT FROM mail WHERE NOT same_content)
                AND NOT EXISTS (SELECT FROM of_epoch WHERE NOT same_bytes) THEN @mail_id END AS mail_id
        ), repeated AS (
            SELECT o.id FROM of_epoch AS o, link WHERE link.mail_id IS NOT NULL
            UNION ALL
            SELECT f.id FROM email.failures AS f, link
            WHERE link.mail_id IS NULL AND f.mail_id IS NULL
              AND f.original_topic = @original_topic AND f.original_partition = @original_partition
              AND f.original_offset = @original_offset AND f.original_timestamp = @original_timestamp
            LIMIT 1
        ), removed AS (
            SELECT FROM email.retention_offsets AS o
            WHERE o.topic = @dlt_topic AND o.partition = @dlt_partition AND @dlt_offset < o.below_offset AND @dlt_timestamp <= o.newest
              AND NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM repeated)
        ), open_recipients AS (
            SELECT
                array_agg(DISTINCT lower(r.address)) AS addresses,
                array_agg(DISTINCT r.reply_code || coalesce(' ' || r.enhanced_code, '')) FILTER (WHERE r.reply_code IS NOT NULL AND r.outcome IN ('rejected', 'deferred')) AS codes
            FROM link JOIN email.mail_recipients AS r ON r.mail_id = link.mail_id WHERE r.outcome <> 'accepted'
        ), facts AS (
            SELECT addresses, codes, ARRAY(SELECT DISTINCT substring(a FROM '@([^@]+)$') FROM unnest(addresses) AS a WHERE a LIKE '%_@_%') AS domains
            FROM (SELECT coalesce(addresses, ARRAY(SELECT DISTINCT lower(a) FROM unnest(@recipients) AS a)) AS addresses, coalesce(nullif(@reply_codes, ARRAY[]::text[]), codes, ARRAY[]::text[]) AS codes
                FROM open_recipients) AS open
        ), previous AS (
            SELECT f.id, f.round FROM email.failures AS f, link WHERE f.replayed_as = link.mail_id AND f.replay_epoch = @epoch LIMIT 1
        ), added AS (
            INSERT INTO email.failures (
                id, dlt_topic, dlt_partition, dlt_offset, dlt_timestamp, mail_id, conflicts_with, epoch, key, value, headers,
                exception_type, message, stack, fingerprint, subject, sender, recipients, domains, reply_codes, search_terms, attempts,
                original_topic, original_partition, original_offset, original_timestamp, original_group,
                status, replayed_as, replay_epoch, round, failed_at)
            SELECT
                @id, @dlt_topic, @dlt_partition, @dlt_offset, @dlt_timestamp, link.mail_id, CASE WHEN link.mail_id IS NULL THEN coalesce(@conflicts_with, @mail_id) END, @epoch, @key, @value, @headers,
                @exception_type, @message, @stack, @fingerprint, @subject, @sender, facts.addresses, facts.domains, facts.codes, {Terms}, @attempts,
                @original_topic, @original_partition, @original_offset, @original_timestamp, @original_group,
                coalesce(now_is.status, 'unresolved'), CASE WHEN now_is.status = 'replayed' THEN link.mail_id END, CASE WHEN now_is.status = 'replayed' THEN @epoch + 1 END,
                coalesce((SELECT round + 1 FROM previous), 1), @failed_at
            FROM facts, link LEFT JOIN LATERAL (
                SELECT CASE
                    WHEN mail.state IN ('sent', 'canceled') THEN 'resolved'
                    WHEN mail.state = 'discarded' THEN 'discarded'
                    WHEN mail.epoch > @epoch THEN 'replayed'
                END AS status
                FROM mail WHERE mail.id = link.mail_id
            ) AS now_is ON true
            WHERE NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM repeated) AND NOT EXISTS (SELECT FROM removed)
            ON CONFLICT DO NOTHING
            RETURNING id, status
        ), to_be_told AS (
            INSERT INTO email.alert_outbox (failure_id) SELECT id FROM added WHERE status = 'unresolved' AND NOT @rebuild
        ), failed_again AS (
            UPDATE email.failures AS f SET status = 'failed_again', failed_again_as = added.id, updated_at = now()
            FROM previous, added WHERE f.id = previous.id AND f.status IN ('unresolved', 'replayed')
        ), filled_in AS (
            UPDATE email.failures AS f SET
                subject = @subject, sender = @sender, recipients = facts.addresses, domains = facts.domains, reply_codes = facts.codes, search_terms = {Terms}
            FROM known, facts WHERE f.id = known.id AND f.search_terms = ARRAY[]::text[] AND @rebuild
        ), copied AS (
            INSERT INTO email.failure_copies (dlt_topic, dlt_partition, dlt_offset, dlt_timestamp, failure_id)
            SELECT @dlt_topic, @dlt_partition, @dlt_offset, @dlt_timestamp, id FROM repeated WHERE NOT EXISTS (SELECT FROM known)
            ON CONFLICT DO NOTHING
            RETURNING failure_id
        )
        SELECT id, 'known' AS kind FROM known
        UNION ALL SELECT id, 'new' FROM added
        UNION ALL SELECT failure_id, 'copy' FROM copied
        UNION ALL SELECT @id, 'removed' FROM removed
        """;

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
