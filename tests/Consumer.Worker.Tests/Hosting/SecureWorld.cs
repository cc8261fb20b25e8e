using System.Collections.Concurrent;
using Confluent.Kafka.Admin;
using Consumer.Worker.Hosting;
using Consumer.Worker.Ledger;
using Contracts;
using MailSink;
using MailSink.Rules;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Schema;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>A worker and a ledger, each with a user that has what docs/operations.md says ("What Kafka must allow"), and no more.</summary>
internal sealed class SecureWorld : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly SecureKafka _kafka;
    private readonly string _topics;
    private readonly string _groups;
    private readonly SmtpSink _sink = SmtpSink.StartOnFreePort();
    private readonly ConcurrentDictionary<Guid, MailState> _expected = [];
    private string[] _settings = [];
    private WebApplication? _app;

    private SecureWorld(SecureKafka kafka, string topics, string groups) => (_kafka, _topics, _groups) = (kafka, topics, groups);

    public string Worker => $"{_groups}worker";

    public string Ledger => $"{_groups}ledger";

    private string Mails => $"{_topics}email.send";

    private IServiceProvider Services => _app!.Services;

    /// <summary>Starts the worker, and posts a mail that is sent, one that is deferred first, and one that is refused.</summary>
    public static async Task<SecureWorld> StartAsync(SecureKafka kafka, string topics, string groups)
    {
        var world = new SecureWorld(kafka, topics, groups);
        try
        {
            await world.StartAsync();
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    public async Task AllowWorkerAsync()
    {
        await _kafka.AllowAsync(Worker, ResourceType.Topic, Mails, prefixed: true, AclOperation.Read, AclOperation.Write, AclOperation.DescribeConfigs, AclOperation.Create);
        await _kafka.AllowAsync(Worker, ResourceType.Group, $"{_groups}email-send-", prefixed: true, AclOperation.Read);
    }

    public async Task AllowLedgerAsync()
    {
        await _kafka.AllowAsync(Ledger, ResourceType.Topic, Mails, prefixed: true, AclOperation.Read);
        await _kafka.AllowAsync(Ledger, ResourceType.Group, $"{_groups}email-send-", prefixed: true, AclOperation.Describe);
        await _kafka.AllowAsync(Ledger, ResourceType.Group, "topic-reader-without-a-group", prefixed: false, AclOperation.Describe);
    }

    /// <summary>Posts mails: the one to <c>gone</c> is refused, those to <c>later…</c> are deferred once.</summary>
    public async Task PostAsync(params string[] recipients)
    {
        foreach (var recipient in recipients)
        {
            var id = Guid.NewGuid();
            if (recipient.StartsWith("later", StringComparison.Ordinal))
                _sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = recipient, Times = 1 });
            _expected[id] = recipient.StartsWith("gone", StringComparison.Ordinal) ? MailState.Dead : MailState.Sent;
            await _kafka.Records.ProduceAsync(
                Mails, $"{id:D}", $$"""{"from":"a@example.com","to":"{{recipient}}","subject":"s","text":"t"}""", (HeaderNames.MessageId, $"{id:D}"));
        }
    }

    /// <summary>Waits until each mail has ended as it must, dead ones as failures too, and no lag is left.</summary>
    public async Task AllEndAsync()
    {
        var (store, failures) = (Services.GetRequiredService<MailStore>(), Services.GetRequiredService<FailureStore>());
        foreach (var (id, state) in _expected)
        {
            await Eventually.Until(async () => (await store.FindAsync(id))?.Mail.State == state, Soon, $"mail {id} is {state}");
            if (state == MailState.Dead)
                await Eventually.Until(async () => (await failures.ListAsync(new FailureFilter(), 100)).Items.Any(failure => failure.MailId == id), Soon, "the dead letter is a failure");
        }

        await Eventually.Until(() => _kafka.Records.Lag($"{_groups}email-send-group", Mails) == 0, Soon, "no lag is left");
    }

    /// <summary>What the worker's health checks say.</summary>
    public async Task<string> HealthAsync()
    {
        var report = await Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        return string.Join('\n', report.Entries.Select(entry => $"{entry.Key} {entry.Value.Status}: {entry.Value.Description}"));
    }

    public async Task<(int Code, string Text)> LedgerAsync()
    {
        await using var output = new StringWriter();
        await using var talk = new StringWriter();
        var code = await LedgerVerb.RunAsync(["--grace=0.2", .. _settings, $"--Kafka:Username={Ledger}"], names: null, output, talk);
        return (code, $"{output} {talk}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        await _sink.DisposeAsync();
    }

    private async Task StartAsync()
    {
        await _kafka.SetPasswordAsync(Worker, "secret");
        await _kafka.SetPasswordAsync(Ledger, "secret");
        await AllowWorkerAsync();
        await AllowLedgerAsync();
        _sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)) { Recipient = "gone@*" });
        _settings =
        [
            $"--Database:ConnectionString={await (await PostgresFixture.StartAsync()).CreateDatabaseAsync("secure")}", $"--Kafka:BootstrapServers={_kafka.Servers(SecurePort.Login)}",
            "--Kafka:UseTls=true", $"--Kafka:CaLocation={_kafka.AuthorityFile}", "--Kafka:SaslMechanism=ScramSha512", "--Kafka:Password=secret",
            $"--Kafka:TopicPrefix={_topics}", $"--Kafka:GroupPrefix={_groups}",
        ];
        _app = WorkerHost.Build(
        [
            .. _settings, $"--Kafka:Username={Worker}", "--Smtp:Host=127.0.0.1", $"--Smtp:Port={_sink.Port}", "--urls=http://127.0.0.1:0",
            "--Retry:RedeliveryIntervals=200ms", "--Logging:LogLevel:Default=Warning",
        ]);
        await Services.GetRequiredService<Migrator>().MigrateAsync(Soon);
        await _app.StartAsync();
        await Eventually.Until(() => _kafka.Records.EndOffsets(Mails).Count > 0, Soon, "the worker has created its topics");
        await PostAsync("bob@example.com", "later@example.com", "gone@example.com");
    }
}
