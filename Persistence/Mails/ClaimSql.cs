using Persistence.Holds;
using Persistence.Workers;

namespace Persistence.Mails;

/// <summary>The claim in SQL. <see cref="Transitions"/> has the same rule: change both or neither.</summary>
internal static class ClaimSql
{
    /// <summary>The claim is one of those that are to be reclaimed: it is named by its token, so that no later one is taken for it.</summary>
    internal const string Reclaimed = $"(m.id, m.fencing_token) IN (SELECT unnest(@reclaimed), unnest(@reclaimed_tokens) {BatchSql.Few})";

    /// <summary>It is, and the claiming worker's own.</summary>
    private const string Own = $"(m.worker_id = excluded.worker_id AND {Reclaimed})";

    /// <summary>
    /// Inserts the rows of mails that have none, at the first attempt, as nearly every mail is claimed. Other mails it leaves as they are
    /// and returns no row for them: that is for <see cref="Claim"/>, which costs twice as much. Fails as a whole where another
    /// worker inserts one of the rows meanwhile.
    /// </summary>
    /// <remarks>The subqueries in the place of values keep the planner from joins that read whole tables.</remarks>
    public static readonly Statement ClaimFresh = new($"""
        INSERT INTO email.mails (id, epoch, attempt, state, worker_id, fencing_token, claimed_at, {MailSql.RecordColumns})
        SELECT g.id, 0, 1, 'sending', g.worker_id, 1, clock_timestamp(), {MailSql.RecordColumns}
        FROM ({MailSql.Records}) AS g
        {BatchSql.ShortLockTimeout}
          AND {HoldSql.NoneSince}
          AND g.worker_id = ANY (ARRAY(SELECT w.id FROM {WorkerSql.Live} AS w WHERE w.id = ANY (@worker_ids)))
          AND (SELECT m.id FROM email.mails AS m WHERE m.id = g.id) IS NULL
        RETURNING id
        """);

    /// <summary>
    /// Inserts or takes the rows of mails that differ, in one statement that settles every race: of several workers a row lets
    /// one through, and the others get no row back. A worker without a lease of its own claims nothing, and none does that does not know of
    /// the last hold.
    /// </summary>
    /// <remarks>
    /// <para>
    /// <c>claimed_at &lt;= now()</c>: the statement may have waited for the row while another worker claimed it, as
    /// <see cref="MailSql.LeaseLapsed"/> says. For that <c>claimed_at</c> is the clock at the row itself: it lies after all that its own
    /// statement has seen.
    /// </para>
    /// <para>
    /// <c>IS TRUE</c> keeps the planner from a join that compares each with each: it then looks the ids up in a hash table.
    /// </para>
    /// <para>
    /// A worker that reclaims a claim of its own, since the response was lost, has sent nothing under it, and learns whom that claim had
    /// taken the mail over from: that worker's outcome is still unknown.
    /// </para>
    /// <para>
    /// Recipients are written with their outcome, not here, but for those that are unknown by a take-over; those that are settled are returned.
    /// The open ones are those of the record without them. A claim that inserted the row has token 1, which no other has, and nothing to tell
    /// that its record does not say.
    /// </para>
    /// <para>
    /// A mail that a hold put into its row (<see cref="HoldSql.Hold"/>) may have been taken over by that: its row kept from whom.
    /// </para>
    /// </remarks>
    public static readonly Statement Claim = new($"""
        WITH claimed AS (
            INSERT INTO email.mails AS m (id, epoch, attempt, state, worker_id, fencing_token, claimed_at, {MailSql.RecordColumns})
            SELECT g.id, g.epoch, g.attempt, 'sending', w.id, 1, clock_timestamp(), {MailSql.RecordColumns}
            FROM ({MailSql.Records}) AS g
            JOIN {WorkerSql.Live} AS w ON w.id = g.worker_id AND w.id = ANY (@worker_ids)
            {BatchSql.LockTimeout}
              AND {HoldSql.NoneSince}
            ORDER BY g.id
            ON CONFLICT (id) DO UPDATE SET
                attempt = excluded.attempt,
                state = 'sending',
                taken_over_from = CASE
                    WHEN m.state = 'sending' AND NOT {Own} THEN m.worker_id
                    WHEN m.state = 'sending' OR m.outbox_entry = 'schedule' THEN m.taken_over_from
                END,
                unknown_outcomes = m.unknown_outcomes + CASE WHEN m.state = 'sending' AND NOT {Own} THEN 1 ELSE 0 END,
                worker_id = excluded.worker_id,
                fencing_token = greatest(m.fencing_token, 1) + 1,
                {MailSql.FillRecordColumns("excluded")}, {MailSql.NoOutboxEntry}, {MailSql.NotHeld}, {MailSql.NoStoredRecord},
                claimed_at = clock_timestamp(), updated_at = now()
            WHERE m.epoch = excluded.epoch
              AND excluded.attempt >= m.attempt
              AND NOT {MailSql.OtherContent("excluded")}
              AND (
                  m.state IN ('queued', 'scheduled') AND (m.outbox_entry IS NULL OR excluded.attempt > m.attempt)
                  OR {MailSql.LeaseLapsed}
                  OR m.state = 'sending' AND m.claimed_at <= now() AND {Own})
            RETURNING m.id, m.fencing_token, m.taken_over_from, m.message_id_header, m.record_timestamp
        ), unknown AS (
            INSERT INTO email.mail_recipients AS r (mail_id, address, ordinal, kind, outcome, updated_at)
            SELECT g.id, g.address, g.ordinal, g.kind, 'unknown', now()
            FROM ({MailSql.Recipients}) AS g
            WHERE (g.id IN (SELECT id FROM claimed WHERE taken_over_from IS NOT NULL)) IS TRUE
            ON CONFLICT (mail_id, address) DO UPDATE SET outcome = 'unknown', updated_at = now()
            WHERE {MailSql.IsUnknownWhenTakenOver("claimed")}
        )
        SELECT c.id, c.fencing_token, c.taken_over_from,
            CASE WHEN c.fencing_token > 1 THEN c.message_id_header END AS message_id_header,
            CASE WHEN c.fencing_token > 1 THEN c.record_timestamp END AS record_timestamp,
            CASE WHEN c.fencing_token > 1 THEN ARRAY(
                SELECT r.address FROM email.mail_recipients AS r
                WHERE r.mail_id = c.id AND r.outcome IN ('accepted', 'rejected')) END AS settled,
            CASE WHEN c.fencing_token > 1 THEN ARRAY(
                SELECT r.address FROM email.mail_recipients AS r
                WHERE r.mail_id = c.id AND r.outcome = 'rejected' ORDER BY r.ordinal) END AS rejected
        FROM claimed AS c
        """);

    /// <summary>Why records did not claim their mails: a line for each, with the row, whoever holds it, and the claiming worker's own lease.</summary>
    public static readonly Statement Explain = new($"""
        SELECT
            g.id, {MailSql.Facts(
                $"""
                CASE
                    WHEN m.claimed_at > now() THEN 'live'
                    WHEN NOT {MailSql.LiveLease} THEN 'lapsed'
                    WHEN m.worker_id = g.worker_id AND {Reclaimed} THEN 'own'
                    ELSE 'live'
                END
                """,
                MailSql.OtherContent("g"))},
            m.id IS NOT NULL AND m.content_hash IS NULL AS is_unmet,
            {ScheduleSql.IsTaken} AS is_taken, m.worker_id, m.fencing_token, p.name, p.lease_until, m.outbox_attempt, m.next_attempt_at, m.outbox_reason,
            EXISTS (SELECT FROM {WorkerSql.Live} AS w WHERE w.id = g.worker_id) AS has_lease, {HoldSql.LastNumber} AS holds
        FROM ({MailSql.Records}) AS g
        LEFT JOIN email.mails AS m ON m.id = g.id
        LEFT JOIN email.workers AS p ON p.id = m.worker_id
        """);

    /// <summary>
    /// A row that was written before any record of its mail was read, as a cancel does, learns which record it is: from now on one with other
    /// content is another mail. What stopped the record of a canceled one is needed no longer, and the retention job may remove it in its time.
    /// </summary>
    public static readonly Statement Meet = new($"""
        WITH met AS (
            UPDATE email.mails AS m SET
                {MailSql.FillRecordColumns("g")},
                ended_at = CASE WHEN m.state = 'canceled' THEN coalesce(m.ended_at, m.created_at) ELSE m.ended_at END, updated_at = now()
            FROM ({MailSql.Records}) AS g
            WHERE m.id = g.id AND m.content_hash IS NULL
            RETURNING m.id
        ), added AS (
            {MailSql.AddPendingRecipients("met")}
        )
        SELECT EXISTS (SELECT FROM met)
        """);

    /// <summary>What a worker holds of some mails.</summary>
    public const string Held = """
        SELECT id, epoch, attempt, fencing_token, taken_over_from IS NOT NULL AS is_taken_over FROM email.mails
        WHERE id = ANY(@ids) AND state = 'sending' AND worker_id = @worker_id
        """;
}
