using System.Globalization;
using Contracts;
using Messaging.Kafka.Delay;
using Npgsql;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>What holds for every mail at the end, whatever happened to the workers.</summary>
internal static class MailAudit
{
    /// <summary>How long everything may take to complete after the last failure.</summary>
    public static readonly TimeSpan Recovery = TimeSpan.FromMinutes(5);

    private const int MostDescribed = 8;

    /// <summary>
    /// Waits for the end of all mails that were posted, and looks: each is in its one end; the server has it once, or once more
    /// for each outcome that is known to be unknown; each dead one has one failure; nothing came back early; no lag is left.
    /// </summary>
    public static async Task ShouldEndWellAsync(this MailWorld world)
    {
        await Eventually.Value(
            world.CountEndsAsync, ends => ends == Expected(world), Recovery, $"{Expected(world)}; {world.Posted.Count} were posted", world.DescribeAsync);
        // Twice: a record may have gone from a topic that is looked at later to one that was looked at before.
        await Eventually.Value(() => (world.Lags(), world.Lags()), lags => lags.Item1.Values.Concat(lags.Item2.Values).All(lag => lag == 0), Recovery, "no group has a lag", world.DescribeAsync);

        var store = (await world.ReadMailsAsync()).ToDictionary(mail => mail.Id);
        var failures = await world.ReadFailuresAsync();
        var errors = world.Posted.SelectMany(mail => Errors(world, mail, store.GetValueOrDefault(mail.Id), failures.GetValueOrDefault(mail.Id))).ToList();
        errors.AddRange(store.Keys.Concat(failures.Keys).Except(world.Posted.Select(mail => mail.Id)).Select(id => $"{id} was never posted"));
        errors.AddRange(EarlyOnes(world));
        await world.ShouldHoldAsync(() => errors.ShouldBeEmpty());
    }

    /// <summary>Asserts by Shouldly, and describes the world where that fails.</summary>
    public static async Task ShouldHoldAsync(this MailWorld world, Action assertions)
    {
        try
        {
            assertions();
        }
        catch (ShouldAssertException exception)
        {
            throw new ShouldAssertException($"{exception.Message}\n{await world.DescribeAsync()}", exception);
        }
    }

    private static Ends Expected(MailWorld world) => new(
        world.Posted.Count(mail => mail.End == MailEnd.Sent),
        world.Posted.Count(mail => mail.End == MailEnd.Dead),
        0,
        world.Posted.Count(mail => mail.End != MailEnd.Sent));

    private static async Task<Ends> CountEndsAsync(this MailWorld world)
    {
        await using var command = world.Store.CreateCommand("""
            SELECT count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state = 'dead'), count(*) FILTER (WHERE state NOT IN ('sent', 'dead')),
                (SELECT count(*) FROM email.failures)
            FROM email.mails
            """);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new Ends(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
    }

    /// <summary>For a test that failed: the workers' logs, and of each mail that is not in its end what the database says and where its records lie.</summary>
    public static async Task<string> DescribeAsync(this MailWorld world)
    {
        var logs = world.Logs();
        try
        {
            return $"{await DescribeUnfinishedAsync(world)}\n{logs}";
        }
        // The database may be away just then.
        catch (NpgsqlException exception)
        {
            return $"The database: {exception.Message}\n{logs}";
        }
    }

    private static async Task<string> DescribeUnfinishedAsync(MailWorld world)
    {
        var store = (await world.ReadMailsAsync()).ToDictionary(mail => mail.Id);
        var unfinished = world.Posted.Where(mail => mail.End != MailEnd.Poison && store.GetValueOrDefault(mail.Id)?.State is not ("sent" or "dead")).ToList();
        var records = ((string[])[world.Topics.Mails, .. world.DelayTopics, world.Topics.DeadLetters]).SelectMany(world.Kafka.Records.ReadAll)
            .ToLookup(record => record.Header(HeaderNames.MessageId), record => $"{record.Topic}/{record.Partition}/{record.Offset}");
        // Few of them: a run's summary shows the beginning of what is said here, and the logs tell more.
        return string.Join('\n',
        [
            $"{unfinished.Count} of {world.Posted.Count} mails are not at their end; lags {string.Join(", ", world.Lags().Select(lag => $"{lag.Key} {lag.Value}"))}",
            .. unfinished.Take(MostDescribed).Select(mail => $"{mail.Recipient}: {store.GetValueOrDefault(mail.Id)?.ToString() ?? "not in the store"}; {string.Join(", ", records[$"{mail.Id:D}"])}"),
        ]);
    }

    private static Dictionary<string, long> Lags(this MailWorld world)
    {
        var (records, topics) = (world.Kafka.Records, world.Topics);
        var lags = world.DelayTopics.ToDictionary(topic => topic, topic => records.Lag(topics.DelayGroup, topic));
        lags[topics.Mails] = records.Lag(topics.Group, topics.Mails);
        lags[topics.DeadLetters] = records.Lag(topics.DeadLetterGroup, topics.DeadLetters);
        return lags;
    }

    private static async Task<Dictionary<Guid, int>> ReadFailuresAsync(this MailWorld world)
    {
        await using var command = world.Store.CreateCommand("SELECT mail_id FROM email.failures");
        await using var reader = await command.ExecuteReaderAsync();
        var failures = new Dictionary<Guid, int>();
        while (await reader.ReadAsync())
        {
            var id = reader.IsDBNull(0) ? Guid.Empty : reader.GetGuid(0);
            failures[id] = failures.GetValueOrDefault(id) + 1;
        }

        return failures;
    }

    private static IEnumerable<string> Errors(MailWorld world, PostedMail mail, StoredMail? row, int failures)
    {
        var stored = world.Stored(mail);
        var (state, leastStored, mostStored, wantedFailures) = mail.End switch
        {
            MailEnd.Sent => ("sent", 1, 1 + (row?.Unknown ?? 0), 0),
            MailEnd.Dead => ("dead", 0, 0, 1),
            _ => (null, 0, 0, 1),
        };
        if (row?.State != state)
            yield return $"{mail.Recipient} is {row?.State ?? "not in the store"}, not {state}";
        if (stored < leastStored || stored > mostStored)
            yield return $"{mail.Recipient} was stored {stored} times; {row}";
        if (failures != wantedFailures)
            yield return $"{mail.Recipient} has {failures} failures, not {wantedFailures}";
        if (row is not null && row.MessageId != mail.MessageId)
            yield return $"{mail.Recipient} has the Message-ID {row.MessageId}";
    }

    /// <summary>Records that came back from a delay topic before they were due there.</summary>
    private static List<string> EarlyOnes(MailWorld world)
    {
        var due = world.DelayTopics.SelectMany(world.Kafka.Records.ReadAll)
            .Where(record => record.Header(DelayHeaders.Due) is not null)
            .ToDictionary(
                record => $"{record.Topic}/{record.Partition}/{record.Offset}",
                record => DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(record.Header(DelayHeaders.Due)!, CultureInfo.InvariantCulture)));
        return
        [
            .. world.Kafka.Records.ReadAll(world.Topics.Mails)
                .Where(record => record.Header(DelayHeaders.Origin) is { } origin && due.TryGetValue(origin, out var moment) && record.Timestamp < moment)
                .Select(record => $"{record.Header(DelayHeaders.Origin)} came back at {record.Timestamp:O}, and was due at {due[record.Header(DelayHeaders.Origin)!]:O}"),
        ];
    }

    private sealed record Ends(long Sent, long Dead, long Unfinished, long Failures);
}
