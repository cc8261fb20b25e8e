using Persistence.Failures;
using Persistence.Mails;
using Persistence.Workers;

namespace Persistence.Holds;

/// <summary>Holds in SQL. A hold's row is <c>h</c>.</summary>
internal static class HoldSql
{
    /// <summary>The hold is in force.</summary>
    public const string Active = "h.released_at IS NULL AND (h.until IS NULL OR h.until > now())";

    /// <summary>The number of the last hold that was made.</summary>
    public const string LastNumber = "coalesce((SELECT max(number) FROM email.holds), 0)";

    /// <summary>
    /// Nobody has made a hold that the one who asks does not know of (<c>@holds</c>): so the claim need not know what holds are about, and
    /// costs one look at an index a statement.
    /// </summary>
    /// <remarks>
    /// The second part finds nothing. It locks the table in ROW SHARE, as Postgres takes a statement's locks on tables before its view of
    /// them. A hold is made under <see cref="Lock"/>, which waits for the claims under way and lets none begin before its commit: each claim
    /// is committed before the hold, or sees it.
    /// </remarks>
    public const string NoneSince = $"""
        {LastNumber} <= @holds
        AND NOT EXISTS (SELECT FROM email.holds WHERE number = 0 FOR KEY SHARE)
        """;

    /// <summary>Waits for the claims under way, and no longer than this: a backup or somebody who reads holds is not waited for.</summary>
    public const string Lock = "SET LOCAL lock_timeout = '5s'; LOCK TABLE email.holds IN EXCLUSIVE MODE";

    /// <summary>All columns.</summary>
    public const string Columns =
        $"h.id, h.number, h.scope, h.value, h.mode, {Active} AS active, h.until, h.reason, h.created_at, h.created_by, h.released_at, h.released_by, h.release_reason";

    /// <summary>How many mails it has; an index says so.</summary>
    public const string Waiting =
        "(SELECT count(*) FROM (SELECT FROM email.mails AS m WHERE m.hold_id = h.id AND m.outbox_entry IS NOT NULL LIMIT @most) AS held) AS waiting";

    /// <summary>Makes a hold.</summary>
    public const string Insert = $"""
        INSERT INTO email.holds AS h (id, scope, value, mode, until, reason, created_by)
        VALUES (@id, @scope, @value, @mode, @until, @reason, @actor)
        RETURNING {Columns}, 0::bigint AS waiting
        """;

    /// <summary>Releases a hold that is in force. One that is over stays as it was.</summary>
    public const string Release = $"""
        UPDATE email.holds AS h SET released_at = now(), released_by = @actor, release_reason = @reason
        WHERE h.id = @id AND {Active}
        """;

    /// <summary>The holds in force, each line with the last number; one line without a hold where there is none.</summary>
    public const string ListActive = $"""
        SELECT n.number AS last, {Columns}, 0::bigint AS waiting
        FROM (SELECT {LastNumber} AS number) AS n LEFT JOIN email.holds AS h ON {Active} ORDER BY h.number
        """;

    /// <summary>
    /// The holds whose mails do not wait any more: those that are over (or whose row is gone), and those that cancel. Which holds have mails an
    /// index tells, from one to the next, however many mails each has; so a mail that was held at the very moment at which its hold ended
    /// is found later, as any other.
    /// </summary>
    public const string ListToSweep = $"""
        WITH RECURSIVE having_mails AS (
            (SELECT m.hold_id FROM email.mails AS m WHERE m.hold_id IS NOT NULL AND m.outbox_entry IS NOT NULL ORDER BY m.hold_id LIMIT 1)
            UNION ALL
            SELECT (
                SELECT m.hold_id FROM email.mails AS m
                WHERE m.hold_id > before.hold_id AND m.outbox_entry IS NOT NULL ORDER BY m.hold_id LIMIT 1)
            FROM having_mails AS before WHERE before.hold_id IS NOT NULL
        )
        SELECT w.hold_id, coalesce(h.mode, 'wait') AS mode, coalesce(h.created_by, '') AS created_by
        FROM having_mails AS w LEFT JOIN email.holds AS h ON h.id = w.hold_id
        WHERE w.hold_id IS NOT NULL AND (h.mode = 'cancel' OR ({Active}) IS NOT TRUE)
        """;

    private const string SomeOfHold = """
        SELECT m.id, m.state, m.epoch FROM email.mails AS m
        WHERE m.hold_id = @hold_id AND m.outbox_entry = 'schedule' AND m.state = 'held'
        ORDER BY m.created_at, m.first_offset LIMIT @limit
        FOR NO KEY UPDATE SKIP LOCKED
        """;

    /// <summary>Lets mails of a hold go on: they are due, and <see cref="ScheduleStore.TakeDueAsync"/> gives them to whoever produces them.</summary>
    public const string ReleaseMails = $"""
        UPDATE email.mails AS m SET
            state = 'queued', hold_id = NULL, published_at = NULL, next_attempt_at = now(), outbox_at = now(), updated_at = now()
        FROM ({SomeOfHold}) AS given WHERE m.id = given.id
        """;

    /// <summary>Cancels mails of a hold, as a cancel does. They keep the hold's id.</summary>
    public static readonly string CancelMails = $"""
        WITH canceled AS (
            UPDATE email.mails AS m SET
                epoch = m.epoch + 1, state = 'canceled', last_error = 'Canceled by hold ' || m.hold_id || ': ' || m.outbox_reason,
                {MailSql.NoOutboxEntry}, {MailSql.NoStoredRecord}, ended_at = now(), updated_at = now()
            FROM ({SomeOfHold}) AS before WHERE m.id = before.id
            RETURNING m.id, before.state AS state_before, before.epoch AS epoch_before, m.epoch
        ), {FailureSql.Resolve("canceled", "canceled")}
        SELECT count(*)::int FROM canceled
        """;

    /// <summary>
    /// Puts mails into their rows under holds that are in force, each with the record that sends it once the hold ends, which waits there as
    /// an outbox entry. Takes the rows that a claim would take, and returns those that it took. The attempt is not the record's, but the one
    /// before it: that record is claimed when it comes again.
    /// </summary>
    /// <remarks>
    /// A mail that a worker was sending when its lease ran out has an unknown outcome: the row keeps whom it was taken over from, so that the
    /// claim to come learns it. One whose own worker reclaims it has not: nothing was sent under that claim.
    /// </remarks>
    public static readonly Statement Hold = new($"""
        WITH held AS (
            INSERT INTO email.mails AS m (
                id, epoch, attempt, state, hold_id, outbox_entry, outbox_attempt, outbox_reason, outbox_at,
                stored_key, stored_value, stored_headers, {MailSql.RecordColumns})
            SELECT
                g.id, g.epoch, g.attempt - 1, 'held', h.id, 'schedule', g.attempt, h.reason, now(),
                s.stored_key, s.stored_value, s.stored_headers, {MailSql.RecordColumns}
            FROM ({MailSql.Records}) AS g
            JOIN (
                SELECT unnest(@ids) AS id, unnest(@hold_ids) AS hold_id, unnest(@stored_keys) AS stored_key, unnest(@stored_values) AS stored_value,
                    unnest(@stored_headers)::jsonb AS stored_headers
                {BatchSql.Few}
            ) AS s ON s.id = g.id
            JOIN {WorkerSql.Live} AS w ON w.id = g.worker_id AND w.id = ANY (@worker_ids)
            JOIN email.holds AS h ON h.id = s.hold_id AND {Active}
            {BatchSql.LockTimeout}
            ORDER BY g.id
            ON CONFLICT (id) DO UPDATE SET
                attempt = excluded.attempt,
                state = 'held',
                hold_id = excluded.hold_id,
                taken_over_from = CASE
                    WHEN m.state = 'sending' AND NOT {ClaimSql.Reclaimed} THEN m.worker_id
                    WHEN m.state = 'sending' OR m.outbox_entry = 'schedule' THEN m.taken_over_from
                END,
                unknown_outcomes = m.unknown_outcomes + CASE WHEN m.state = 'sending' AND NOT {ClaimSql.Reclaimed} THEN 1 ELSE 0 END,
                outbox_entry = 'schedule', outbox_attempt = excluded.outbox_attempt, outbox_reason = excluded.outbox_reason, outbox_at = now(),
                published_at = NULL, next_attempt_at = NULL,
                stored_key = excluded.stored_key, stored_value = excluded.stored_value, stored_headers = excluded.stored_headers,
                {MailSql.FillRecordColumns("excluded")}, updated_at = now()
            WHERE m.epoch = excluded.epoch
              AND excluded.outbox_attempt >= m.attempt
              AND NOT {MailSql.OtherContent("excluded")}
              AND (
                  m.state IN ('queued', 'scheduled') AND (m.outbox_entry IS NULL OR excluded.outbox_attempt > m.attempt)
                  OR {MailSql.LeaseLapsed}
                  OR m.state = 'sending' AND m.claimed_at <= now() AND {ClaimSql.Reclaimed})
            RETURNING m.id, m.taken_over_from
        ), recipients AS (
            INSERT INTO email.mail_recipients AS r (mail_id, address, ordinal, kind, outcome, updated_at)
            SELECT g.id, g.address, g.ordinal, g.kind, CASE WHEN held.taken_over_from IS NULL THEN 'pending' ELSE 'unknown' END, now()
            FROM ({MailSql.Recipients}) AS g JOIN held ON held.id = g.id
            ON CONFLICT (mail_id, address) DO UPDATE SET outcome = 'unknown', updated_at = now()
            WHERE excluded.outcome = 'unknown' AND {MailSql.IsUnknownWhenTakenOver("held")}
        )
        SELECT id FROM held
        """);
}
