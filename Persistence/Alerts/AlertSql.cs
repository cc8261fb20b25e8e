namespace Persistence.Alerts;

/// <summary>Alerts in SQL.</summary>
internal static class AlertSql
{
    /// <summary>The post waits to be sent.</summary>
    private const string IsPending = "sent_at IS NULL AND given_up_at IS NULL";

    /// <summary>A failure that keeps its episode going: it waits for a decision, or for the outcome of its replay.</summary>
    private const string KeepsOpen = "f.status IN ('unresolved', 'replayed')";

    /// <summary>One worker plans at a time; whoever comes meanwhile leaves it to that one. The lock is the transaction's.</summary>
    public const string Turn = "SELECT pg_try_advisory_xact_lock(hashtextextended('email.alerts', 0))";

    /// <summary>
    /// Takes failures out of the outbox into the episodes of their causes; how many were taken. A failure that retention has removed
    /// meanwhile is taken and counts for nothing.
    /// </summary>
    /// <remarks>All parts see the outbox as it was before: whether a cause is new is asked of the failures that were not in it.</remarks>
    public const string Gather = """
        WITH taken AS (
            DELETE FROM email.alert_outbox WHERE failure_id IN (SELECT failure_id FROM email.alert_outbox ORDER BY failure_id LIMIT @limit FOR UPDATE)
            RETURNING failure_id
        ), causes AS (
            SELECT f.fingerprint, count(*) AS failures, (array_agg(f.id ORDER BY f.id))[1] AS first
            FROM taken JOIN email.failures AS f ON f.id = taken.failure_id GROUP BY f.fingerprint
        ), gathered AS (
            INSERT INTO email.alert_episodes AS e (id, fingerprint, is_new, exception_type, message, failure_id, failures)
            SELECT gen_random_uuid(), c.fingerprint,
                NOT EXISTS (
                    SELECT FROM email.failures AS o
                    WHERE o.fingerprint = c.fingerprint AND NOT EXISTS (SELECT FROM email.alert_outbox AS x WHERE x.failure_id = o.id)),
                f.exception_type, left(f.message, 2048), c.first, c.failures
            FROM causes AS c JOIN email.failures AS f ON f.id = c.first
            ON CONFLICT (fingerprint) WHERE over_at IS NULL DO UPDATE SET failures = e.failures + excluded.failures, latest_at = now()
        )
        SELECT count(*) FROM taken
        """;

    /// <summary>Ends the episodes that are over.</summary>
    public const string End = $"""
        UPDATE email.alert_episodes AS e SET over_at = now(), over_because = CASE WHEN now_is.open THEN 'quiet' ELSE 'closed' END
        FROM (
            SELECT o.id, EXISTS (SELECT FROM email.failures AS f WHERE f.fingerprint = o.fingerprint AND {KeepsOpen}) AS open
            FROM email.alert_episodes AS o WHERE o.over_at IS NULL
        ) AS now_is
        WHERE e.id = now_is.id AND (NOT now_is.open OR e.latest_at <= now() - @quiet)
        """;

    /// <summary>
    /// Notes that a channel is there. One that nobody had for a day begins anew: it is not told of what went on and was over meanwhile. In
    /// that day a digest to it may be pending, and is sent.
    /// </summary>
    public const string See = """
        INSERT INTO email.alert_channels AS c (channel) VALUES (@channel)
        ON CONFLICT (channel) DO UPDATE SET since = CASE WHEN c.seen_at < now() - interval '1 day' THEN now() ELSE c.since END, seen_at = now()
        WHERE c.seen_at < now() - interval '1 minute'
        """;

    /// <summary>
    /// What a channel has not been told, where a post to it is due: the causes that it names, with the sums over all; all of it counts as
    /// told from here on. No rows where the one before is still on its way.
    /// </summary>
    public const string Tell = $"""
        WITH channel AS (
            SELECT c.since FROM email.alert_channels AS c
            WHERE c.channel = @channel AND (c.posted_at IS NULL OR c.posted_at <= now() - @interval)
              AND NOT EXISTS (SELECT FROM email.alert_posts AS p WHERE p.channel = @channel AND {IsPending})
        ), changed AS (
            SELECT e.*, e.failures - coalesce(t.failures, 0) AS added, e.over_at IS NOT NULL AS ends
            FROM channel, email.alert_episodes AS e LEFT JOIN email.alert_told AS t ON t.episode_id = e.id AND t.channel = @channel
            WHERE (e.failures > coalesce(t.failures, 0) OR (e.over_at IS NOT NULL AND NOT coalesce(t.is_over, false)) OR (@repeats AND e.over_at IS NULL))
              AND (e.over_at IS NULL OR e.over_at >= channel.since)
        ), told AS (
            INSERT INTO email.alert_told (episode_id, channel, failures, is_over) SELECT id, @channel, failures, ends FROM changed
            ON CONFLICT (episode_id, channel) DO UPDATE SET failures = excluded.failures, is_over = excluded.is_over
        ), named AS (
            SELECT *,
                count(*) FILTER (WHERE added > 0) OVER () AS all_causes,
                (sum(added) OVER ())::bigint AS all_failures,
                count(*) FILTER (WHERE ends) OVER () AS all_over
            FROM changed ORDER BY ends, added DESC, opened_at DESC, id LIMIT @most
        )
        SELECT n.*, (SELECT count(*) FROM email.failures AS f WHERE f.fingerprint = n.fingerprint AND f.status = 'unresolved') AS open
        FROM named AS n ORDER BY n.ends, n.added DESC, n.opened_at DESC, n.id
        """;

    /// <summary>Puts a digest on its way.</summary>
    public const string Post = """
        WITH noted AS (UPDATE email.alert_channels SET posted_at = now() WHERE channel = @channel)
        INSERT INTO email.alert_posts (id, channel, digest) VALUES (@id, @channel, @digest)
        """;

    /// <summary>Claims the digest that is due to a channel, for as long as a try may take: one worker has it at a time.</summary>
    public const string Claim = $"""
        UPDATE email.alert_posts SET tries = tries + 1, next_try_at = now() + @lease
        WHERE id = (
            SELECT id FROM email.alert_posts WHERE channel = @channel AND {IsPending} AND next_try_at <= now()
            FOR UPDATE SKIP LOCKED LIMIT 1)
        RETURNING id, digest::text AS digest, created_at, tries
        """;

    /// <summary>It reached its channel, whichever try that was.</summary>
    public const string MarkSent = $"UPDATE email.alert_posts SET sent_at = now(), last_error = NULL WHERE id = @id AND {IsPending}";

    /// <summary>A try failed: it is tried again after a pause, or given up; whether that. No row where another try has begun since.</summary>
    public const string MarkFailed = $"""
        UPDATE email.alert_posts SET
            last_error = @error, next_try_at = now() + @pause,
            given_up_at = CASE WHEN @refused OR created_at <= now() - @give_up_after THEN now() END
        WHERE id = @id AND tries = @tries AND {IsPending}
        RETURNING given_up_at IS NOT NULL
        """;

    /// <summary>Gives up what was not sent in time though nobody tried: its channel was removed, or no worker ran.</summary>
    public const string Expire = $"""
        UPDATE email.alert_posts SET given_up_at = now(), last_error = coalesce(last_error, 'No worker has this channel.')
        WHERE {IsPending} AND created_at <= now() - @give_up_after AND next_try_at <= now() - interval '1 hour'
        """;

    /// <summary>Removes what is over and was told, after a week.</summary>
    public const string Remove = """
        WITH posts AS (DELETE FROM email.alert_posts WHERE coalesce(sent_at, given_up_at) < now() - interval '7 days')
        DELETE FROM email.alert_episodes WHERE over_at < now() - interval '7 days'
        """;
}
