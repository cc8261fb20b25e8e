using System.Globalization;
using System.Net;
using System.Text.Json;
using Contracts;
using Npgsql;
using Persistence.Failures;
using Persistence.Operations;
using Persistence.Text;
using ServiceDefaults.Kafka;

namespace Producer.Api.Tests.Operations;

/// <summary>Instances that are killed at each step of an operation, with a real Kafka and Postgres. Another goes on, and the numbers add up.</summary>
public class OperationKillTests
{
    private const int Count = 30;

    // Batches of ten.
    private const int Rate = 100;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private KafkaFixture _kafka = null!;
    private MailTopics _names = null!;
    private ApiHost _writer = null!;
    private Store _store = null!;
    private NpgsqlDataSource _database = null!;
    private OperationStops _stops = null!;
    private List<(string Key, string Value)> _settings = [];

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _kafka = await KafkaFixture.StartAsync();
        var prefix = $"{Guid.NewGuid():N}."[^9..];
        _names = MailTopics.Of(prefix, prefix);
        await Task.WhenAll(_names.AllMails.Append(_names.DeadLetters).Select(topic => _kafka.CreateTopicAsync(topic)));
        var postgres = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync("operation_kills");
        // What tests write; it runs no operations, as it is never started.
        _writer = ApiHost.Build(("Database:ConnectionString", postgres));
        await _writer.Get<Persistence.Schema.Migrator>().MigrateAsync(Eventually.DefaultDeadline);
        _store = new Store(_writer.Services);
        _database = NpgsqlDataSource.Create(postgres);
        _stops = new OperationStops(_database);
        await _stops.InstallAsync();
        _settings =
        [
            ("Database:ConnectionString", new NpgsqlConnectionStringBuilder(postgres) { ApplicationName = OperationStops.Instances }.ConnectionString),
            ("Kafka:BootstrapServers", _kafka.BootstrapServers), ("Kafka:TopicPrefix", prefix), ("Kafka:GroupPrefix", prefix), ("Kafka:CreateTopics", "false"),
            ("Api:ReplaySweepInterval", "00:00:01"), ("Logging:LogLevel:Default", "Warning"),
        ];
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_database is not null)
            await _database.DisposeAsync();
        if (_writer is not null)
            await _writer.DisposeAsync();
    }

    /// <summary>How an operation begins and is claimed is one code for all actions, and nothing but replays is produced and marked.</summary>
    private static IEnumerable<TestCaseData> Steps() =>
        from action in Enum.GetValues<OperationAction>()
        from write in Enum.GetValues<OperationWrite>()
        where action == OperationAction.Replay || write is OperationWrite.Batch or OperationWrite.End
        from isWritten in new[] { false, true }
        select new TestCaseData(action, write, isWritten).SetArgDisplayNames($"{action}", $"{(isWritten ? "after" : "before")} {write}");

    [TestCaseSource(nameof(Steps))]
    public async Task An_instance_killed_at_a_step_leaves_an_operation_that_another_ends_exactly(OperationAction action, OperationWrite write, bool isWritten)
    {
        var (body, ids) = await PrepareAsync(action, Count);
        await _stops.SetAsync(write);
        await using (var killed = await ApiProcess.StartAsync(_settings))
        {
            var answer = killed.PostAsync("/operations", body);
            if (write != OperationWrite.Begin)
                (await answer).StatusCode.ShouldBe(HttpStatusCode.Accepted);
            await _stops.HeldAsync();
            await (isWritten ? _stops.KillAfterAsync(killed) : _stops.KillBeforeAsync(killed));
            if (write == OperationWrite.Begin)
                await Should.ThrowAsync<HttpRequestException>(answer);
        }

        await EndLeasesAsync();
        await using var api = await ApiProcess.StartAsync(_settings);
        // Whoever asked was not answered, and asks again.
        if (write == OperationWrite.Begin)
            (await api.PostAsync("/operations", body)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await EndAsync();

        var operations = await OperationsAsync(ids);
        operations.Count.ShouldBe(write == OperationWrite.Begin && isWritten ? 2 : 1);
        operations.ShouldAllBe(operation => operation.State == "completed" && operation.Done + operation.Refused == operation.Matched);
        operations.Sum(operation => operation.Done).ShouldBe(Count);
        if (operations.Count == 1)
            operations[0].Matched.ShouldBe(Count);
        await ShouldBeDoneOnceAsync(action, ids, mayBeProducedTwice: write == OperationWrite.Mark && !isWritten ? 10 : 0);
    }

    [Test]
    public async Task An_operation_over_5000_whose_instance_is_killed_half_way_ends_on_another_with_numbers_that_add_up()
    {
        const int Many = 5_000;
        // Slow enough that it has not ended before the kill; the rest may go faster.
        var (body, ids) = await PrepareAsync(OperationAction.Replay, Many, rate: 250);
        await using var killed = await ApiProcess.StartAsync(_settings);
        var begun = await (await killed.PostAsync("/operations", body)).JsonAsync();
        var path = new Uri($"/operations/{begun.GetProperty("id").GetGuid()}", UriKind.Relative);
        await Eventually.Until(async () => Done(await killed.Client.GetStringAsync(path)) >= Many / 3, Deadline, "it is under way");
        await killed.KillAsync();
        await EndLeasesAsync();
        (await ScalarAsync<int>("SELECT done FROM email.operations WHERE state = 'running'")).ShouldBeLessThan(Many);
        await ExecuteAsync("UPDATE email.operations SET rate_per_second = 1000 WHERE state = 'running'");
        await using var other = await ApiProcess.StartAsync(_settings);
        await EndAsync();

        var ended = JsonElement.Parse(await other.Client.GetStringAsync(path));
        (ended.GetProperty("state").GetString(), ended.GetProperty("matched").GetInt32(), ended.GetProperty("done").GetInt32(), ended.GetProperty("refused").GetInt32())
            .ShouldBe(("completed", Many, Many, 0));
        ended.GetProperty("progress").GetProperty("waiting").GetInt32().ShouldBe(Many);
        // What the dead instance had produced of its last batch, and not marked.
        await ShouldBeDoneOnceAsync(OperationAction.Replay, ids, mayBeProducedTwice: 25);

        static int Done(string operation) => JsonElement.Parse(operation).GetProperty("done").GetInt32();
    }

    /// <summary>What is to be done, and with what: failures, or mails of a cancel.</summary>
    private async Task<(string Body, IReadOnlyList<Guid> Ids)> PrepareAsync(OperationAction action, int count, int rate = Rate)
    {
        var ids = new Guid[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, cancellationToken) =>
        {
            if (action == OperationAction.Cancel)
                await _store.ScheduleAsync(ids[number] = Guid.NewGuid(), DateTimeOffset.UtcNow.AddHours(1));
            else
                ids[number] = await _store.ProjectAsync(Guid.CreateVersion7());
            if (action == OperationAction.Restore)
                (await _store.Failures.DiscardAsync(ids[number], "ann", "spam", cancellationToken)).ShouldBeNull();
        });
        return (JsonSerializer.Serialize(new { action = action.ToText(), ids, reason = "a kill", rate_per_second = rate }), ids);
    }

    /// <summary>The leases of the dead are over, as they are in a minute; those of whoever lives stay, however slow the machine is.</summary>
    private async Task EndLeasesAsync()
    {
        await _stops.GoneAsync();
        await ExecuteAsync("UPDATE email.operations SET lease_until = now() WHERE state = 'running'");
        await ExecuteAsync("UPDATE email.failures SET replay_claimed_at = now() - interval '1 hour' WHERE status = 'unresolved' AND replay_claimed_at IS NOT NULL");
    }

    /// <summary>Waits for the end of all that was begun.</summary>
    private Task EndAsync() => Eventually.Until(
        () => ScalarAsync<bool>("""
            SELECT NOT EXISTS (SELECT FROM email.operations WHERE state = 'running')
                AND NOT EXISTS (SELECT FROM email.failures WHERE status = 'unresolved' AND replay_requested_at IS NOT NULL)
            """),
        Deadline, "every operation has ended, and what was to be replayed was");

    private async Task<List<(string State, int Matched, int Done, int Refused)>> OperationsAsync(IReadOnlyList<Guid> ids)
    {
        await using var command = _database.CreateCommand("""
            SELECT state, matched, done, refused FROM email.operations AS o
            WHERE EXISTS (SELECT FROM email.operation_items AS i WHERE i.operation_id = o.id AND coalesce(i.failure_id, i.mail_id) = ANY ($1))
            """);
        command.Parameters.AddWithValue(ids.ToArray());
        await using var reader = await command.ExecuteReaderAsync();
        var found = new List<(string, int, int, int)>();
        while (await reader.ReadAsync())
            found.Add((reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetInt32(3)));
        return found;
    }

    private async Task ShouldBeDoneOnceAsync(OperationAction action, IReadOnlyList<Guid> ids, int mayBeProducedTwice)
    {
        if (action == OperationAction.Cancel)
        {
            (await ScalarAsync<long>("SELECT count(*) FROM email.mails WHERE id = ANY ($1) AND state = 'canceled' AND epoch = 1", ids)).ShouldBe(ids.Count);
            return;
        }

        var status = action switch
        {
            OperationAction.Replay => FailureStatus.Replayed,
            OperationAction.Discard => FailureStatus.Discarded,
            _ => FailureStatus.Unresolved,
        };
        (await ScalarAsync<long>($"SELECT count(*) FROM email.failures WHERE id = ANY ($1) AND status = '{status.ToText()}'", ids)).ShouldBe(ids.Count);
        (await ScalarAsync<long>($"SELECT count(*) FROM email.failure_actions WHERE failure_id = ANY ($1) AND action = '{action.ToText()}'", ids)).ShouldBe(ids.Count, "decided once each");
        (await ScalarAsync<long>($"SELECT count(DISTINCT failure_id) FROM email.failure_actions WHERE failure_id = ANY ($1) AND action = '{action.ToText()}'", ids)).ShouldBe(ids.Count);
        if (action != OperationAction.Replay)
            return;

        var mails = (await ListAsync("SELECT replayed_as FROM email.failures WHERE id = ANY ($1)", ids)).Select(id => id.ToString()).ToHashSet();
        var records = _kafka.Records.ReadAll(_names.Mails).Where(record => mails.Contains(record.Header(HeaderNames.MessageId)!)).ToList();
        records.Select(record => (record.Header(HeaderNames.MessageId), record.Header(HeaderNames.Epoch))).Distinct().Count().ShouldBe(ids.Count, "each is produced, and no other epoch of it");
        (records.Count - ids.Count).ShouldBeInRange(0, mayBeProducedTwice, "copies, which are stale");
    }

    private async Task<List<Guid>> ListAsync(string sql, IReadOnlyList<Guid> ids)
    {
        await using var command = _database.CreateCommand(sql);
        command.Parameters.AddWithValue(ids.ToArray());
        await using var reader = await command.ExecuteReaderAsync();
        var found = new List<Guid>();
        while (await reader.ReadAsync())
            found.Add(reader.GetGuid(0));
        return found;
    }

    private async Task<T> ScalarAsync<T>(string sql, IReadOnlyList<Guid>? ids = null)
    {
        await using var command = _database.CreateCommand(sql);
        if (ids is not null)
            command.Parameters.AddWithValue(ids.ToArray());
        return (T)Convert.ChangeType(await command.ExecuteScalarAsync(), typeof(T), CultureInfo.InvariantCulture)!;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
