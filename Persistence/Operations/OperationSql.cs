namespace Persistence.Operations;

/// <summary>Operations in SQL.</summary>
internal static class OperationSql
{
    /// <summary>The columns of an <see cref="Operation"/>.</summary>
    public const string Columns = """
        o.id, o.action, o.state, o.filter::text AS filter, o.reason, o.rate_per_second, o.stop_after_failures, o.matched, o.done, o.refused,
            o.created_by, o.created_at, o.changed_by, o.updated_at, o.ended_at
        """;

    /// <summary>Begins an operation on the set that <c>set (id, ordinal)</c> has, which is written down with it: what comes later is not swept along.</summary>
    /// <param name="set">The part of the statement that has the set.</param>
    /// <param name="item">The column that its ids are of: <c>failure_id</c> or <c>mail_id</c>.</param>
    public static string Begin(string set, string item) => $"""
        WITH set AS MATERIALIZED (
            {set}
        ), items AS (
            INSERT INTO email.operation_items (operation_id, ordinal, {item}) SELECT @id, set.ordinal, set.id FROM set
            RETURNING 1
        )
        INSERT INTO email.operations AS o (id, action, state, filter, reason, rate_per_second, stop_after_failures, matched, created_by, ended_at)
        SELECT @id, @action, CASE WHEN counted.of = 0 THEN 'completed' ELSE 'running' END, @filter, @reason, @rate, @stop_after, counted.of, @actor, CASE WHEN counted.of = 0 THEN now() END
        FROM (SELECT count(*) AS of FROM items) AS counted
        RETURNING {Columns}
        """;

    /// <summary>Operations that run and that no instance has: they are this one's for a while. Whose time has run out may be taken over.</summary>
    public const string Claim = """
        UPDATE email.operations AS o SET lease_id = @lease_id, lease_until = now() + @lease
        FROM (
            SELECT id FROM email.operations WHERE state = 'running' AND (lease_until IS NULL OR lease_until < now()) AND (@replays OR action <> 'replay')
            ORDER BY created_at LIMIT @limit FOR NO KEY UPDATE SKIP LOCKED
        ) AS free
        WHERE o.id = free.id
        RETURNING o.id, o.rate_per_second
        """;

    /// <summary>The operation for a batch, where it still runs and is still this instance's; its time begins again.</summary>
    public const string Lock = """
        UPDATE email.operations AS o SET lease_until = now() + @lease
        WHERE o.id = @id AND o.state = 'running' AND o.lease_id = @lease_id
        RETURNING o.action, o.created_by, o.reason, o.stop_after_failures, o.matched, o.done + o.refused AS position, o.filter IS NULL AS is_named
        """;

    /// <summary>The next of its failures, as many as have no more than so many bytes together, but one in any case; or of its mails.</summary>
    public const string Next = """
        SELECT id FROM (
            SELECT coalesce(i.failure_id, i.mail_id) AS id, i.ordinal, sum(octet_length(f.value)) OVER (ORDER BY i.ordinal) AS bytes
            FROM (SELECT failure_id, mail_id, ordinal FROM email.operation_items WHERE operation_id = @id AND ordinal > @position ORDER BY ordinal LIMIT @limit) AS i
            LEFT JOIN email.failures AS f ON f.id = i.failure_id) AS next
        WHERE coalesce(bytes, 0) <= @most_bytes OR ordinal = @position + 1
        ORDER BY ordinal
        """;

    /// <summary>Whether so many of an operation's replays have failed again.</summary>
    public const string HasFailed = """
        SELECT count(*) >= @stop_after FROM (SELECT FROM email.failures WHERE operation_id = @id AND status = 'failed_again' LIMIT @stop_after) AS failed
        """;

    /// <summary>Writes down what a batch came to, beside what it did.</summary>
    public const string Advance = """
        WITH items AS (
            UPDATE email.operation_items AS i SET outcome = g.outcome, at = now()
            FROM (SELECT unnest(@item_ids) AS id, unnest(@outcomes) AS outcome) AS g
            WHERE i.operation_id = @id AND i.ordinal > @position AND i.ordinal <= @position + cardinality(@item_ids) AND coalesce(i.failure_id, i.mail_id) = g.id
        )
        UPDATE email.operations SET
            done = done + @done, refused = refused + @refused, updated_at = now(),
            state = @state, ended_at = CASE WHEN @state <> 'running' THEN now() END
        WHERE id = @id
        """;

    /// <summary>Gives an operation back, for another instance or a later time.</summary>
    public const string Release = "UPDATE email.operations SET lease_id = NULL, lease_until = now() + @pause WHERE id = @id AND lease_id = @lease_id AND state = 'running'";

    /// <summary>Changes the state by hand, where it is one of those that allow it.</summary>
    public const string Change = $"""
        UPDATE email.operations AS o SET
            state = @state, changed_by = @actor, updated_at = now(), ended_at = CASE WHEN @state = 'canceled' THEN now() END, lease_id = NULL, lease_until = NULL
        WHERE o.id = @id AND o.state = ANY (@from)
        RETURNING {Columns}
        """;

    /// <summary>One.</summary>
    public const string Find = $"SELECT {Columns} FROM email.operations AS o WHERE o.id = @id";

    /// <summary>A page, newest first.</summary>
    public const string List = $"""
        SELECT {Columns} FROM email.operations AS o
        WHERE (@at IS NULL OR (o.created_at, o.id) < (@at, @after)) AND (@state IS NULL OR o.state = @state)
        ORDER BY o.created_at DESC, o.id DESC LIMIT @limit
        """;

    /// <summary>Refusals by their reason.</summary>
    public const string Refusals = "SELECT outcome, count(*)::integer AS count FROM email.operation_items WHERE operation_id = @id AND outcome <> 'done' GROUP BY outcome";

    /// <summary>Where its replays stand.</summary>
    public const string Outcomes = "SELECT status, count(*)::integer AS count FROM email.failures WHERE operation_id = @id GROUP BY status";

    /// <summary>How many it met within the last ten seconds. Looked for from its place back, as far as those seconds can reach.</summary>
    public const string Recent = """
        SELECT count(*) FROM email.operation_items
        WHERE operation_id = @id AND ordinal <= @position AND ordinal > @position - 100000 AND at > now() - interval '10 seconds'
        """;
}
