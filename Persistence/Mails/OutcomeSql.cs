namespace Persistence.Mails;

/// <summary>
/// The end of attempts in SQL, each statement for mails that differ. Each answers, by mail, whether the claim that it was made under
/// is still the mail's current one, and answers the same when it is repeated. A mail without a row gets no answer.
/// </summary>
/// <remarks>
/// Part <c>mail</c> locks the rows before anything else is changed, in the order of their ids, so that no two statements wait for each
/// other; and all that follows goes by what the locked rows say, not by what they said when the statement began.
/// </remarks>
internal static class OutcomeSql
{
    /// <summary>The row of each mail that is given, locked; in order, as a nested loop over what is sorted is the only way to read it.</summary>
    private const string Locked = "LATERAL (SELECT * FROM email.mails AS l WHERE l.id = g.id FOR NO KEY UPDATE) AS d";

    /// <summary>The recipients that are given, with what the servers answered.</summary>
    private const string Answers = $"""
        SELECT unnest(@recipient_ids) AS id, unnest(@addresses) AS address, unnest(@ordinals) AS ordinal,
            unnest(@recipient_kinds) AS kind, unnest(@outcomes) AS outcome, unnest(@codes) AS reply_code,
            unnest(@enhanced_codes) AS enhanced_code, unnest(@texts) AS reply_text
        {BatchSql.Few}
        """;

    /// <summary>The claim that the outcome is of is the mail's last one.</summary>
    private const string SameClaim = "(d.epoch, d.attempt, d.fencing_token) = (g.epoch, g.attempt, g.token)";

    /// <summary>
    /// The mail's recipients with what the servers answered; pending where they said nothing. A recipient that accepted is never taken
    /// back: a later lost connection does not unsend. Of a claim that is not held any more nothing else is kept. The conditions that
    /// are more than one hinder a join of each with each.
    /// </summary>
    private const string Settle = $"""
        INSERT INTO email.mail_recipients AS r (
            mail_id, address, ordinal, kind, outcome, reply_code, enhanced_code, reply_text, updated_at)
        SELECT a.id, a.address, a.ordinal, a.kind, a.outcome, a.reply_code, a.enhanced_code, a.reply_text, now()
        FROM ({Answers}) AS a
        WHERE a.id IN (SELECT id FROM mail WHERE held) OR a.outcome = 'accepted' AND a.id IN (SELECT id FROM mail)
        ON CONFLICT (mail_id, address) DO UPDATE SET
            outcome = excluded.outcome, reply_code = excluded.reply_code, enhanced_code = excluded.enhanced_code,
            reply_text = excluded.reply_text, updated_at = now()
        WHERE r.outcome <> 'accepted' AND excluded.outcome <> 'pending'
        """;

    /// <summary>
    /// Sent at the first attempt, under the claim that inserted the row, as nearly every mail ends: none of its recipients has a row
    /// yet, and no failure waits for this. What it finds otherwise it leaves as it is and does not answer: that is for
    /// <see cref="Sent"/>, which costs twice as much.
    /// </summary>
    /// <remarks><c>IS TRUE</c> keeps the planner from a join of each with each.</remarks>
    public static readonly Statement SentFresh = new($"""
        WITH mail AS (
            UPDATE email.mails AS d SET state = 'sent', sent_at = now(), ended_at = now(), updated_at = now()
            FROM (SELECT unnest(@ids) AS id {BatchSql.Few}) AS g
            {BatchSql.ShortLockTimeout}
              AND d.id = g.id AND d.epoch = 0 AND d.attempt = 1 AND d.fencing_token = 1 AND d.state = 'sending'
              AND NOT EXISTS (SELECT FROM email.failures AS f WHERE f.mail_id = ANY(@ids) AND f.status IN ('unresolved', 'replayed'))
              AND NOT EXISTS (SELECT FROM email.failures AS f WHERE f.replayed_as = ANY(@ids) AND f.status IN ('unresolved', 'replayed'))
            RETURNING d.id
        ), settled AS (
            INSERT INTO email.mail_recipients (
                mail_id, address, ordinal, kind, outcome, reply_code, enhanced_code, reply_text, updated_at)
            SELECT a.id, a.address, a.ordinal, a.kind, a.outcome, a.reply_code, a.enhanced_code, a.reply_text, now()
            FROM ({Answers}) AS a
            WHERE (a.id IN (SELECT id FROM mail)) IS TRUE
        )
        SELECT id, true FROM mail
        """);

    /// <summary>
    /// Sent, from whatever state and under whatever claim. In the same statement its failures are resolved, with their
    /// audit; also one whose replay was not yet marked, since the worker may be quicker than the mark.
    /// </summary>
    public static readonly Statement Sent = new($"""
        WITH given AS (
            SELECT * FROM (
                SELECT unnest(@ids) AS id, unnest(@epochs) AS epoch, unnest(@attempts) AS attempt,
                    unnest(@tokens) AS token, unnest(@unknown) AS is_unknown) AS g
            {BatchSql.LockTimeout} ORDER BY id {BatchSql.Few}
        ), mail AS (
            SELECT d.id, d.state, d.epoch, g.is_unknown, {SameClaim} AS held FROM given AS g, {Locked}
        ), sent AS (
            UPDATE email.mails AS d SET
                state = 'sent', sent_at = now(), ended_at = now(), next_attempt_at = NULL, updated_at = now(),
                unknown_outcomes = d.unknown_outcomes + CASE WHEN mail.is_unknown THEN 1 ELSE 0 END
            FROM mail WHERE d.id = mail.id AND mail.state <> 'sent'
        ), settled AS (
            {Settle}
        ), failure AS (
            SELECT f.id, f.status, mail.state, mail.epoch
            FROM mail, LATERAL (
                SELECT id, status FROM email.failures WHERE mail_id = mail.id
                UNION SELECT id, status FROM email.failures WHERE replayed_as = mail.id) AS f
            WHERE f.status IN ('unresolved', 'replayed')
        ), resolved AS (
            UPDATE email.failures AS f SET status = 'resolved', updated_at = now()
            FROM failure AS before
            WHERE f.id = before.id AND f.status IN ('unresolved', 'replayed')
            RETURNING f.id, before.status, before.state, before.epoch
        ), audited AS (
            INSERT INTO email.failure_actions (failure_id, at, actor, action, reason, before, after)
            SELECT id, now(), @actor, 'resolve', 'The mail was sent.',
                jsonb_build_object('status', status, 'mail', jsonb_build_object('state', state, 'epoch', epoch)),
                jsonb_build_object('status', 'resolved', 'mail', jsonb_build_object('state', 'sent', 'epoch', epoch))
            FROM resolved
        )
        SELECT id, held FROM mail
        """);

    /// <summary>Queued or dead, under the current claim alone; what another claim decides meanwhile stands.</summary>
    public static readonly Statement OutboxEntry = new($"""
        WITH given AS (
            SELECT * FROM (
                SELECT unnest(@ids) AS id, unnest(@epochs) AS epoch, unnest(@attempts) AS attempt,
                    unnest(@tokens) AS token, unnest(@unknown) AS is_unknown, unnest(@states) AS state,
                    unnest(@kinds) AS kind, unnest(@next_attempts) AS next_attempt, unnest(@dues) AS due,
                    unnest(@reasons) AS reason, unnest(@errors) AS error) AS g
            {BatchSql.LockTimeout} ORDER BY id {BatchSql.Few}
        ), mail AS (
            SELECT g.*, {SameClaim} AND d.state = 'sending' AS held,
                {SameClaim} AND d.outbox_entry = g.kind AND d.state = g.state AS was_handed
            FROM given AS g, {Locked}
        ), handed AS (
            UPDATE email.mails AS d SET
                state = mail.state, outbox_entry = mail.kind, outbox_attempt = mail.next_attempt, outbox_reason = mail.reason,
                outbox_at = now(), published_at = NULL, next_attempt_at = mail.due, last_error = mail.error,
                ended_at = CASE WHEN mail.state = 'dead' THEN now() END, updated_at = now(),
                unknown_outcomes = d.unknown_outcomes + CASE WHEN mail.is_unknown THEN 1 ELSE 0 END
            FROM mail WHERE d.id = mail.id AND mail.held
        ), settled AS (
            {Settle}
        )
        SELECT id, held OR coalesce(was_handed, false) FROM mail
        """);

    /// <summary>Marked once; a mark that is set stays as it is.</summary>
    public static readonly Statement Mark = new($"""
        WITH given AS (
            SELECT * FROM (
                SELECT unnest(@ids) AS id, unnest(@epochs) AS epoch, unnest(@attempts) AS attempt) AS g
            {BatchSql.LockTimeout} ORDER BY id {BatchSql.Few}
        ), mail AS (
            SELECT d.id, d.published_at,
                (d.epoch, d.attempt) = (g.epoch, g.attempt) AND d.outbox_entry IS NOT NULL AS handed
            FROM given AS g, {Locked}
        ), marked AS (
            UPDATE email.mails AS d SET published_at = now(), updated_at = now()
            FROM mail WHERE d.id = mail.id AND mail.handed AND mail.published_at IS NULL
        )
        SELECT id, handed FROM mail
        """);

    /// <summary>Queued again without an outbox entry: the same attempt may claim it.</summary>
    public static readonly Statement Release = new($"""
        WITH given AS (
            SELECT * FROM (
                SELECT unnest(@ids) AS id, unnest(@epochs) AS epoch, unnest(@attempts) AS attempt,
                    unnest(@tokens) AS token) AS g
            {BatchSql.LockTimeout} ORDER BY id {BatchSql.Few}
        ), mail AS (
            SELECT d.id, {SameClaim} AND d.state = 'sending' AS held,
                {SameClaim} AND d.state = 'queued' AND d.outbox_entry IS NULL AS was_released
            FROM given AS g, {Locked}
        ), released AS (
            UPDATE email.mails AS d SET state = 'queued', updated_at = now()
            FROM mail WHERE d.id = mail.id AND mail.held
        )
        SELECT id, held OR was_released FROM mail
        """);
}
