namespace Persistence.Deliveries;

/// <summary>
/// The end of an attempt in SQL. Each statement answers whether the claim that it was made under is still the mail's
/// current one, and answers the same when it is repeated.
/// </summary>
internal static class OutcomeSql
{
    /// <summary>The answers as rows. One that accepted is never taken back: a later lost connection does not unsend.</summary>
    private const string Answers = """
        SELECT * FROM unnest(@addresses, @outcomes, @codes, @enhanced_codes, @texts)
            AS a (address, outcome, reply_code, enhanced_code, reply_text)
        """;

    /// <summary>
    /// Sent, from whatever state and under whatever claim. In the same statement its failures are resolved, with their
    /// audit; also one whose replay was not yet marked, since the worker may be quicker than the mark.
    /// </summary>
    public const string Sent = $"""
        WITH answers AS ({Answers}), mail AS (
            SELECT d.id, d.state, d.generation, d.generation = @generation AND d.attempt = @attempt AND d.fencing_token = @token AS held
            FROM email.deliveries AS d WHERE d.id = @id FOR NO KEY UPDATE
        ), sent AS (
            UPDATE email.deliveries AS d SET
                state = 'sent', sent_at = now(), ended_at = now(), next_attempt_at = NULL, updated_at = now(),
                unknown_outcomes = d.unknown_outcomes + (SELECT count(*) FROM (SELECT FROM answers WHERE outcome = 'unknown' LIMIT 1) AS u)
            FROM mail WHERE d.id = mail.id AND mail.state <> 'sent'
            RETURNING d.id
        ), settled AS (
            UPDATE email.delivery_recipients AS r SET
                outcome = a.outcome, reply_code = a.reply_code, enhanced_code = a.enhanced_code, reply_text = a.reply_text,
                updated_at = now()
            FROM answers AS a, mail
            WHERE r.delivery_id = mail.id AND r.address = a.address AND r.outcome <> 'accepted' AND (mail.held OR a.outcome = 'accepted')
        ), resolved AS (
            UPDATE email.failures AS f SET status = 'resolved', updated_at = now()
            FROM email.failures AS before, mail
            WHERE f.id = before.id AND (f.mail_id = mail.id OR f.replayed_as = mail.id) AND f.status IN ('unresolved', 'replayed')
            RETURNING f.id, before.status, mail.state, mail.generation
        ), audited AS (
            INSERT INTO email.failure_actions (failure_id, at, actor, action, reason, before, after)
            SELECT id, now(), @actor, 'resolve', 'The mail was sent.',
                jsonb_build_object('status', status, 'mail', jsonb_build_object('state', state, 'generation', generation)),
                jsonb_build_object('status', 'resolved', 'mail', jsonb_build_object('state', 'sent', 'generation', generation))
            FROM resolved
        )
        SELECT held FROM mail
        """;

    /// <summary>Queued or dead, under the current claim alone; what another claim decides meanwhile stands.</summary>
    public const string HandOver = $"""
        WITH answers AS ({Answers}), handed AS (
            UPDATE email.deliveries AS d SET
                state = @state, hand_over = @kind, hand_over_attempt = @next_attempt, hand_over_reason = @reason,
                hand_over_at = now(), hand_over_marked_at = NULL, next_attempt_at = @due, last_error = @error,
                ended_at = CASE WHEN @state = 'dead' THEN now() END, updated_at = now(),
                unknown_outcomes = d.unknown_outcomes + (SELECT count(*) FROM (SELECT FROM answers WHERE outcome = 'unknown' LIMIT 1) AS u)
            WHERE d.id = @id AND d.generation = @generation AND d.attempt = @attempt AND d.fencing_token = @token AND d.state = 'sending'
            RETURNING d.id
        ), settled AS (
            UPDATE email.delivery_recipients AS r SET
                outcome = a.outcome, reply_code = a.reply_code, enhanced_code = a.enhanced_code, reply_text = a.reply_text,
                updated_at = now()
            FROM answers AS a
            WHERE r.delivery_id = @id AND r.address = a.address AND r.outcome <> 'accepted'
              AND (a.outcome = 'accepted' OR EXISTS (SELECT FROM handed))
        )
        SELECT EXISTS (SELECT FROM handed) OR EXISTS (
            SELECT FROM email.deliveries AS d
            WHERE d.id = @id AND d.generation = @generation AND d.attempt = @attempt AND d.fencing_token = @token
              AND d.hand_over = @kind AND d.state = @state)
        """;

    /// <summary>Marked once; a mark that is set stays as it is.</summary>
    public const string Mark = """
        WITH marked AS (
            UPDATE email.deliveries AS d SET hand_over_marked_at = now(), updated_at = now()
            WHERE d.id = @id AND d.generation = @generation AND d.attempt = @attempt
              AND d.hand_over IS NOT NULL AND d.hand_over_marked_at IS NULL
            RETURNING d.id
        )
        SELECT EXISTS (SELECT FROM marked) OR EXISTS (
            SELECT FROM email.deliveries AS d
            WHERE d.id = @id AND d.generation = @generation AND d.attempt = @attempt AND d.hand_over_marked_at IS NOT NULL)
        """;

    /// <summary>Queued again without a hand-over: the same attempt may claim it.</summary>
    public const string Release = """
        WITH released AS (
            UPDATE email.deliveries AS d SET state = 'queued', updated_at = now()
            WHERE d.id = @id AND d.generation = @generation AND d.attempt = @attempt AND d.fencing_token = @token AND d.state = 'sending'
            RETURNING d.id
        )
        SELECT EXISTS (SELECT FROM released) OR EXISTS (
            SELECT FROM email.deliveries AS d
            WHERE d.id = @id AND d.generation = @generation AND d.attempt = @attempt AND d.fencing_token = @token
              AND d.state = 'queued' AND d.hand_over IS NULL)
        """;
}
