namespace Persistence.Idempotency;

/// <summary>Reservations of idempotency keys in SQL. All times are those of Postgres, the same for every instance.</summary>
internal static class IdempotencySql
{
    /// <summary>
    /// Reserves keys that differ: inserts those that are free, and goes on with those that the same content was posted under, that were never
    /// acknowledged, and whose lease is over. Returns no row for any other. Rows are locked in the order of their keys.
    /// </summary>
    /// <remarks>
    /// A key whose own id a mail has that is older than keys are kept is one that was used before: it names a new mail, by <c>new_ids</c>.
    /// <c>is_known</c>: a mail has the id already, of an earlier post under the reservation, or as it was accepted while Postgres was away.
    /// </remarks>
    public static readonly Statement Reserve = new("""
        WITH reserved AS (
            INSERT INTO email.idempotency_keys AS k (key_id, mail_id, content_hash, lease_until, expires_at)
            SELECT g.key_id,
                CASE WHEN (SELECT true FROM email.mails AS m WHERE m.id = g.key_id AND m.created_at <= now() - @lifetime) THEN g.new_id ELSE g.key_id END,
                g.content_hash, now() + @lease, now() + @lifetime
            FROM (SELECT unnest(@key_ids) AS key_id, unnest(@new_ids) AS new_id, unnest(@content_hashes) AS content_hash) AS g
            ORDER BY g.key_id
            ON CONFLICT (key_id) DO UPDATE SET token = k.token + 1, lease_until = excluded.lease_until
            WHERE k.acknowledged_at IS NULL AND k.lease_until <= now() AND k.expires_at > now() AND k.content_hash = excluded.content_hash
            RETURNING k.key_id, k.mail_id, k.token, k.reserved_at
        )
        SELECT r.key_id, r.mail_id, r.token, r.reserved_at, (SELECT true FROM email.mails AS m WHERE m.id = r.mail_id) IS NOT NULL AS is_known
        FROM reserved AS r
        """);

    /// <summary>Why keys could not be reserved; no row for one that is free by now.</summary>
    public static readonly Statement Explain = new("""
        SELECT k.key_id, k.mail_id, k.content_hash, k.acknowledged_at IS NOT NULL AS is_acknowledged, k.lease_until > now() AS is_leased, k.expires_at <= now() AS is_expired
        FROM email.idempotency_keys AS k WHERE k.key_id = ANY(@key_ids)
        """);

    /// <summary>Reserves a key that has expired anew, for another mail id than that of before, whose mail is another one.</summary>
    public const string Renew = """
        UPDATE email.idempotency_keys SET
            mail_id = @mail_id, content_hash = @content_hash, token = token + 1, reserved_at = now(), lease_until = now() + @lease,
            acknowledged_at = NULL, expires_at = now() + @lifetime
        WHERE key_id = @key_id AND expires_at <= now()
        RETURNING token, reserved_at
        """;

    /// <summary>All was acknowledged, by whichever of the posts that went on under the reservation.</summary>
    public static readonly Statement Acknowledge = new("""
        UPDATE email.idempotency_keys AS k SET acknowledged_at = now()
        FROM (
            SELECT l.key_id FROM (SELECT unnest(@key_ids) AS key_id, unnest(@mail_ids) AS mail_id) AS g
            JOIN email.idempotency_keys AS l ON l.key_id = g.key_id AND l.mail_id = g.mail_id
            WHERE l.acknowledged_at IS NULL ORDER BY l.key_id FOR NO KEY UPDATE OF l
        ) AS given
        WHERE k.key_id = given.key_id
        RETURNING k.key_id
        """);

    /// <summary>
    /// Nothing was written under the reservation: the key is free. Not so where an earlier post went on under it, which may have written: then
    /// the lease ends, and the content stays the key's. The row of one that had expired before stays, as its own id may be another mail's.
    /// </summary>
    public const string Release = """
        WITH removed AS (
            DELETE FROM email.idempotency_keys WHERE key_id = @key_id AND token = @token AND token = 1 AND acknowledged_at IS NULL
        )
        UPDATE email.idempotency_keys SET lease_until = now(), expires_at = CASE WHEN @is_first THEN now() ELSE expires_at END
        WHERE key_id = @key_id AND token = @token AND token > 1 AND acknowledged_at IS NULL
        """;

    /// <summary>Nobody produces under the reservation any more, and what became of the mail is not known: the same post may go on at once.</summary>
    public const string EndLease = """
        UPDATE email.idempotency_keys SET lease_until = now() WHERE key_id = @key_id AND token = @token AND acknowledged_at IS NULL
        """;

    /// <summary>
    /// Removes keys that have expired. One whose mail may still be unread in Kafka stays, for a month at most: its id must not be given to
    /// another mail meanwhile.
    /// </summary>
    public const string Sweep = """
        DELETE FROM email.idempotency_keys WHERE key_id IN (
            SELECT k.key_id FROM email.idempotency_keys AS k
            WHERE k.expires_at <= now() AND k.lease_until <= now()
              AND (EXISTS (SELECT FROM email.mails AS m WHERE m.id = k.mail_id) OR k.expires_at <= now() - interval '30 days')
            ORDER BY k.expires_at LIMIT @limit FOR UPDATE SKIP LOCKED)
        """;
}
