using System.Net;
using Consumer.Worker.Hosting;
using Consumer.Worker.Sending;
using Consumer.Worker.Smtp.Pace;
using Consumer.Worker.Smtp.Relays;
using Contracts;
using MailSink;
using MassTransit;
using MassTransit.Transports;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Persistence.Failures;
using Persistence.Holds;
using Persistence.Mails;
using Persistence.Schema;
using Persistence.Workers;
using ServiceDefaults.Kafka;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>A whole worker in this process, on a broker, a Postgres database and a mail server for tests; topics and database are its own.</summary>
internal sealed class RunningWorker : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private readonly string[] _args;
    private WebApplication _app;

    private RunningWorker(KafkaFixture kafka, SmtpSink sink, MailTopics topics, string connectionString, string[] args, ILoggerProvider? log)
    {
        (Kafka, Sink, Topics, ConnectionString, _args) = (kafka, sink, topics, connectionString, args);
        _app = WorkerHost.Build(_args, topics, services =>
        {
            if (log is not null)
                services.AddSingleton(log);
        });
    }

    public KafkaFixture Kafka { get; }

    public SmtpSink Sink { get; }

    public MailTopics Topics { get; }

    public string ConnectionString { get; }

    public MailStore Mails => _app.Services.GetRequiredService<MailStore>();

    public ScheduleStore Schedules => _app.Services.GetRequiredService<ScheduleStore>();

    public HoldStore Holds => _app.Services.GetRequiredService<HoldStore>();

    public WorkerStore Workers => _app.Services.GetRequiredService<WorkerStore>();

    public FailureStore Failures => _app.Services.GetRequiredService<FailureStore>();

    /// <summary>Its id in the database.</summary>
    public Guid WorkerId => _app.Services.GetRequiredService<WorkerLease>().WorkerId;

    /// <summary>How fast it sends.</summary>
    public SmtpPace Pace => _app.Services.GetRequiredService<SmtpRelays>().Default.Pace;

    /// <summary>The claims that it holds.</summary>
    public OwnClaims Claims => _app.Services.GetRequiredService<OwnClaims>();

    public IKafkaRider Rider => _app.Services.GetRequiredService<IBusInstance>().GetRider<IKafkaRider>();

    public Uri Address => new(_app.Urls.First());

    public static Task<RunningWorker> StartAsync(params string[] options) => StartAsync(log: null, options);

    /// <param name="log">Gets what the first worker logs.</param>
    /// <param name="options">Its options, as on the command line.</param>
    public static async Task<RunningWorker> StartAsync(ILoggerProvider? log, params string[] options)
    {
        var postgres = await PostgresFixture.StartAsync();
        return await StartAsync(new DatabaseName(await postgres.CreateDatabaseAsync("worker")), log, options);
    }

    public static Task<RunningWorker> StartAsync(DatabaseName database, params string[] options) => StartAsync(database, log: null, options);

    /// <summary>On topics and groups that others may use, too.</summary>
    public static Task<RunningWorker> StartAsync(DatabaseName database, MailTopics topics, params string[] options) => StartAsync(database, topics, log: null, options);

    private static Task<RunningWorker> StartAsync(DatabaseName database, ILoggerProvider? log, params string[] options) =>
        StartAsync(database, TestTopics.Of(KafkaFixture.UniqueName("email.send")), log, options);

    /// <summary>Before a mail server with other options.</summary>
    public static async Task<RunningWorker> StartAsync(Action<SinkOptions> sink, ILoggerProvider? log, params string[] options)
    {
        var postgres = await PostgresFixture.StartAsync();
        var database = new DatabaseName(await postgres.CreateDatabaseAsync("worker"));
        return await StartAsync(database, TestTopics.Of(KafkaFixture.UniqueName("email.send")), log, SmtpSink.StartOnFreePort(sink), options);
    }

    private static Task<RunningWorker> StartAsync(DatabaseName database, MailTopics topics, ILoggerProvider? log, params string[] options) =>
        StartAsync(database, topics, log, SmtpSink.StartOnFreePort(), options);

    private static async Task<RunningWorker> StartAsync(DatabaseName database, MailTopics topics, ILoggerProvider? log, SmtpSink sink, string[] options)
    {
        var kafka = await KafkaFixture.StartAsync();
        string[] args =
        [
            $"--Kafka:BootstrapServers={kafka.BootstrapServers}",
            $"--Database:ConnectionString={database.ConnectionString}",
            "--Smtp:Host=127.0.0.1",
            $"--Smtp:Port={sink.Port}",
            "--urls=http://127.0.0.1:0",
            "--Retry:RedeliveryIntervals=200ms,300ms",
            "--Worker:Lease=00:00:10",
            "--Worker:StopTimeout=00:00:10",
            "--Logging:LogLevel:Default=Warning",
            "--Logging:LogLevel:Microsoft.EntityFrameworkCore=None",
            .. options,
        ];
        var worker = new RunningWorker(kafka, sink, topics, database.ConnectionString, args, log);
        await worker._app.Services.GetRequiredService<Migrator>().MigrateAsync(Eventually.DefaultDeadline);
        await worker._app.StartAsync();
        return worker;
    }

    /// <summary>Writes a mail as the API does.</summary>
    public async Task<Guid> PostAsync(SendEmail mail, params (string Name, string Value)[] headers)
    {
        var id = Guid.NewGuid();
        await Kafka.Records.ProduceAsync(
            Topics.TopicOf(mail.Stream), mail.OrderingKey ?? $"{id:D}", System.Text.Encoding.UTF8.GetString(SendEmailJson.Serialize(mail)),
            [(HeaderNames.MessageId, $"{id:D}"), .. headers]);
        return id;
    }

    public Task<Guid> PostAsync(params string[] recipients) =>
        PostAsync(new SendEmail { From = "ann@example.com", To = recipients, Subject = "subject", Text = "text" });

    /// <summary>The mail once it is in a state.</summary>
    public async Task<Persistence.Mails.Mail> WhenAsync(Guid id, MailState state, TimeSpan? within = null)
    {
        var mail = await Eventually.Value(
            async () => (await Mails.FindAsync(id))?.Mail,
            mail => mail?.State == state,
            within ?? Deadline,
            $"mail {id} is {state}",
            async () => (await Mails.FindAsync(id))?.Mail is { } mail ? $"it is {mail.State}, attempt {mail.Attempt}, last error: {mail.LastError}" : "it is not known");
        return mail!;
    }

    /// <summary>Waits until its group has read all mails, and that of dead letters all of those.</summary>
    public Task NoLagAsync() => Eventually.Until(
        () => Kafka.Records.Lag(Topics.Group, Topics.Mails) == 0 && Kafka.Records.Lag(Topics.DeadLetterGroup, Topics.DeadLetters) == 0,
        Deadline, "no lag is left");

    /// <summary>Waits until readiness has a status, and says all of that.</summary>
    public Task ReadyAsync(HttpStatusCode status, params string[] says) => Eventually.Passes(
        ReadinessAsync,
        response =>
        {
            response.Status.ShouldBe(status);
            foreach (var text in says)
                response.Body.ShouldContain(text);
        },
        Deadline, $"readiness is {status}");

    /// <summary>What readiness says now.</summary>
    public async Task<(HttpStatusCode Status, string Body)> ReadinessAsync()
    {
        using var http = new HttpClient { BaseAddress = Address };
        using var response = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Stops the worker as SIGTERM does.</summary>
    public Task StopAsync() => _app.StopAsync();

    /// <summary>Starts another one in its place, on the same topics, database and mail server.</summary>
    public async Task RestartAsync()
    {
        await _app.DisposeAsync();
        _app = WorkerHost.Build(_args, Topics);
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await Sink.DisposeAsync();
    }
}

/// <summary>An empty database to work on.</summary>
internal sealed record DatabaseName(string ConnectionString);
