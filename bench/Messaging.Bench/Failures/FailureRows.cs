using Messaging.Bench.Running;

namespace Messaging.Bench.Failures;

/// <summary>Rows of failures, as the projection writes them.</summary>
internal static class FailureRows
{
    /// <summary>Writes so many unresolved failures.</summary>
    /// <param name="connectionString">Where.</param>
    /// <param name="count">How many.</param>
    /// <param name="type">The exceptions' type, by which they are found.</param>
    /// <param name="failedAt">When the n-th failed, in SQL.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static Task FillAsync(string connectionString, int count, string type, string failedAt, CancellationToken cancellationToken = default) => Postgres.ExecuteAsync(connectionString, $$"""
        INSERT INTO email.failures (id, dlt_topic, dlt_partition, dlt_offset, dlt_timestamp, mail_id, epoch, key, value, headers, exception_type, message, stack, fingerprint,
            attempts, status, failed_at, subject, sender, recipients, domains, reply_codes, search_terms, original_topic, original_partition, original_offset, original_timestamp, original_group)
        SELECT gen_random_uuid(), '{{type}}', 0, n, now(), gen_random_uuid(), 0, convert_to('customer-' || n, 'UTF8'),
            convert_to('{"from":"' || sender || '","to":["' || recipient || '"],"subject":"Your order ' || n || '","text":"' || repeat('lorem ipsum ', 25) || '"}', 'UTF8'),
            '[{"name": "MessageId", "value": "x"}]', '{{type}}', code || ' The server says so to number ' || n % 1000, 'at Send()', to_hex(n % 50), 1,
            'unresolved', {{failedAt}}, 'Your order ' || n, sender, ARRAY[recipient], ARRAY[domain], ARRAY[code],
            ARRAY['r:' || recipient, 'd:' || domain, 'c:' || code, 'c:' || left(code, 3), 'c:' || substr(code, 5), 's:' || sender, 'x:{{type}}', 'o:email.send', 'k:customer-' || n],
            'email.send', n % 12, n, now(), 'email-send-group'
        FROM generate_series(1, {{count}}) AS n,
            LATERAL (SELECT 'domain-' || n % 10 || '.example' AS domain, 'shop-' || n % 100 || '@example.com' AS sender,
                CASE n % 5 WHEN 0 THEN '451 4.3.0' WHEN 1 THEN '550 5.7.1' WHEN 2 THEN '552 5.2.2' ELSE '550 5.1.1' END AS code) AS a,
            LATERAL (SELECT 'user-' || n % 100000 || '@' || domain AS recipient) AS b
        """, cancellationToken);
}
