using Persistence.Failures;
using Persistence.Workers;

namespace Persistence.Mails;

/// <summary>
/// The outcomes of attempts in SQL, each statement for mails that differ. Each returns, by mail, whether the claim that it was made under
/// is still the mail's current one, and returns the same when it is repeated. For a mail without a row it returns nothing.
/// </summary>
/// <remarks>
/// Part <c>mail</c> locks the rows before anything else is changed, in the order of their ids, so that no two statements wait for each
/// other; and all that follows goes by what the locked rows say, not by what they said when the statement began.
/// </remarks>
internal static class OutcomeSql
{
    /// <summary>The row of each mail that is given, locked; in order, as a nested loop over what is sorted is the only way to read it.</summary>
    private const string Locked = "LATERAL (SELECT * FROM email.mails AS l WHERE l.id = g.id FOR NO KEY UPDATE) AS m";

    /// <summary>The recipients that are given, with the servers' replies.</summary>
    private const string Replies = $"""
        SELECT {MailSql.RecipientColumns}, unnest(@outcomes) AS outcome, unnest(@codes) AS reply_code,
            unnest(@enhanced_codes) AS enhanced_code, unnest(@texts) AS reply_text
        {BatchSql.Few}
        """;

    /// <summary>Inserts recipients of <see cref="Replies"/>.</summary>
    private const string InsertReplies = $"""
        INSERT INTO email.mail_recipients AS r (mail_id, address, ordinal, kind, outcome, reply_code, enhanced_code, reply_text)
        SELECT a.id, a.address, a.ordinal, a.kind, a.outcome, a.reply_code, a.enhanced_code, a.reply_text
        FROM ({Replies}) AS a
        """;

    /// <summary>The claim that the outcome is of is the mail's last one.</summary>
    private const string SameClaim = "(m.epoch, m.attempt, m.fencing_token) = (g.epoch, g.attempt, g.token)";

    /// <summary>Counts an outcome that is unknown.</summary>
    private const string CountUnknown = "unknown_outcomes = m.unknown_outcomes + CASE WHEN mail.is_unknown THEN 1 ELSE 0 END";

    /// <summary>
    /// The mail's recipients with the servers' replies; pending where there is none. A recipient that accepted stays so: a later lost
    /// connection does not unsend. Of a claim that is no longer held nothing else is stored. The conditions that
    /// are more than one hinder a join of each with each.
    /// </summary>
    private const string Settle = $"""
        {InsertReplies}
        WHERE a.id IN (SELECT id FROM mail WHERE held) OR a.outcome = 'accepted' AND a.id IN (SELECT id FROM mail)
        ON CONFLICT (mail_id, address) DO UPDATE SET
            outcome = excluded.outcome, reply_code = excluded.reply_code, enhanced_code = excluded.enhanced_code,
            reply_text = excluded.reply_text, updated_at = now()
        WHERE r.outcome <> 'accepted' AND excluded.outcome <> 'pending'
        """;

    /// <summary>
    /// Sent at the first attempt, under the claim that inserted the row, as nearly every mail is: none of its recipients has a row
    /// yet, and no failure is open. Other mails it leaves as they are and returns no row for them: that is for
    /// <see cref="Sent"/>, which costs twice as much.
    /// </summary>
    /// <remarks><c>IS TRUE</c> keeps the planner from a join of each with each.</remarks>
    public static readonly Statement SentFresh = new($"""
        WITH mail AS (
            UPDATE email.mails AS m SET state = 'sent', sent_at = now(), ended_at = now(), updated_at = now()
            FROM (SELECT unnest(@ids) AS id {BatchSql.Few}) AS g
            {BatchSql.ShortLockTimeout}
              AND m.id = g.id AND m.epoch = 0 AND m.attempt = 1 AND m.fencing_token = 1 AND m.state = 'sending'
              AND NOT EXISTS (SELECT FROM email.failures AS f WHERE f.mail_id = ANY(@ids) AND {FailureSql.IsOpen})
              AND NOT EXISTS (SELECT FROM email.failures AS f WHERE f.replayed_as = ANY(@ids) AND {FailureSql.IsOpen})
            RETURNING m.id
        ), settled AS (
            {InsertReplies}
            WHERE (a.id IN (SELECT id FROM mail)) IS TRUE
        )
        SELECT id, true AS held FROM mail
        """);

    /// <summary>
    /// Sent, from whatever state and under whatever claim. In the same statement its failures are resolved, with their
    /// audit; also one whose replay is not published yet, since the worker may be quicker than that.
    /// </summary>
    public static readonly Statement Sent = new($"""
        WITH {Given("unnest(@tokens) AS token, unnest(@unknown) AS is_unknown")}, mail AS (
            SELECT m.id, m.state AS state_before, m.epoch AS epoch_before, m.epoch, g.is_unknown, {SameClaim} AS held FROM given AS g, {Locked}
        ), sent AS (
            UPDATE email.mails AS m SET
                state = 'sent', sent_at = now(), ended_at = now(), next_attempt_at = NULL, updated_at = now(), {CountUnknown}
            FROM mail WHERE m.id = mail.id AND mail.state_before <> 'sent'
        ), settled AS (
            {Settle}
        ), {FailureSql.Resolve("mail", "sent")}
        SELECT id, held FROM mail
        """);

    /// <summary>Queued or dead, under the current claim alone; what another claim decides meanwhile stands.</summary>
    public static readonly Statement OutboxEntry = new($"""
        WITH {Given("""
            unnest(@tokens) AS token, unnest(@unknown) AS is_unknown, unnest(@states) AS state, unnest(@kinds) AS kind,
            unnest(@next_attempts) AS next_attempt, unnest(@dues) AS due, unnest(@reasons) AS reason, unnest(@errors) AS error
            """)}, mail AS (
            SELECT g.*, {SameClaim} AND m.state = 'sending' AS held,
                {SameClaim} AND m.outbox_entry = g.kind AND m.state = g.state AS was_written
            FROM given AS g, {Locked}
        ), written AS (
            UPDATE email.mails AS m SET
                state = mail.state, outbox_entry = mail.kind, outbox_attempt = mail.next_attempt, outbox_reason = mail.reason,
                outbox_at = now(), published_at = NULL, next_attempt_at = mail.due, last_error = mail.error,
                ended_at = CASE WHEN mail.state = 'dead' THEN now() END, updated_at = now(), {CountUnknown}
            FROM mail WHERE m.id = mail.id AND mail.held
        ), settled AS (
            {Settle}
        )
        SELECT id, held OR coalesce(was_written, false) AS held FROM mail
        """);

    /// <summary>
    /// Held back from recipients that the worker's settings leave out, under the current claim alone. Nothing comes next, and those
    /// recipients stay pending, with the reason as their text.
    /// </summary>
    public static readonly Statement Held = new($"""
        WITH {Given("unnest(@tokens) AS token, unnest(@unknown) AS is_unknown, unnest(@reasons) AS reason")}, mail AS (
            SELECT g.*, {SameClaim} AND m.state = 'sending' AS held, {SameClaim} AND m.state = 'held' AS was_written
            FROM given AS g, {Locked}
        ), written AS (
            UPDATE email.mails AS m SET
                state = 'held', last_error = mail.reason, ended_at = now(), next_attempt_at = NULL, updated_at = now(), {CountUnknown}
            FROM mail WHERE m.id = mail.id AND mail.held
        ), settled AS (
            {Settle}
        )
        SELECT id, held OR was_written AS held FROM mail
        """);

    /// <summary>
    /// Published once; a time that is set stays as it is. A redelivery that was held before its mark came has moved on: what its row stores is
    /// not published by that.
    /// </summary>
    public static readonly Statement Published = new($"""
        WITH {Given()}, mail AS (
            SELECT m.id, m.published_at, (m.epoch, m.attempt) = (g.epoch, g.attempt) AND coalesce(m.outbox_entry <> 'schedule', false) AS held
            FROM given AS g, {Locked}
        ), published AS (
            UPDATE email.mails AS m SET published_at = now(), updated_at = now()
            FROM mail WHERE m.id = mail.id AND mail.held AND mail.published_at IS NULL
        )
        SELECT id, held FROM mail
        """);

    /// <summary>
    /// Queued again without an outbox entry, so that the same attempt may claim it; or, where the outcome is unknown, nobody's, so that
    /// the next claim takes it over. With the servers' replies: a recipient that accepted is not sent to again.
    /// </summary>
    public static readonly Statement Leave = new($"""
        WITH {Given("unnest(@tokens) AS token, unnest(@unknown) AS is_unknown")}, mail AS (
            SELECT m.id, g.is_unknown, {SameClaim} AND m.state = 'sending' AND m.worker_id <> {WorkerSql.Nobody} AS held,
                {SameClaim} AND (
                    m.state = 'queued' AND m.outbox_entry IS NULL OR m.state = 'sending' AND m.worker_id = {WorkerSql.Nobody}) AS was_left
            FROM given AS g, {Locked}
        ), written AS (
            UPDATE email.mails AS m SET
                state = CASE WHEN mail.is_unknown THEN 'sending' ELSE 'queued' END,
                worker_id = CASE WHEN mail.is_unknown THEN {WorkerSql.Nobody} ELSE m.worker_id END,
                updated_at = now()
            FROM mail WHERE m.id = mail.id AND mail.held
        ), settled AS (
            {Settle}
        )
        SELECT id, held OR was_left AS held FROM mail
        """);

    /// <summary>Part <c>given</c>: the records in the order of their mails' ids, with the columns that a statement needs besides.</summary>
    private static string Given(string columns = "") => $"""
        given AS (
            SELECT * FROM (
                SELECT unnest(@ids) AS id, unnest(@epochs) AS epoch, unnest(@attempts) AS attempt{(columns == "" ? "" : ", " + columns)}) AS g
            {BatchSql.LockTimeout} ORDER BY id {BatchSql.Few}
        )
        """;
}
