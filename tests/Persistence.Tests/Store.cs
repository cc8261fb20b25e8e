using System.Security.Cryptography;
using Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NUnit.Framework;
using Persistence.Alerts;
using Persistence.Failures;
using Persistence.Holds;
using Persistence.Mails;
using Persistence.Operations;
using Persistence.Schema;
using Persistence.Workers;
using Testing;

namespace Persistence.Tests;

/// <summary>A migrated database of a test's own, and the stores on it.</summary>
public sealed class Store : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private Store(string connectionString, ServiceProvider services) => (ConnectionString, _services) = (connectionString, services);

    public string ConnectionString { get; }

    public NpgsqlDataSource DataSource => _services.GetRequiredService<NpgsqlDataSource>();

    public IDbContextFactory<EmailDbContext> Contexts => _services.GetRequiredService<IDbContextFactory<EmailDbContext>>();

    public MailStore Mails => _services.GetRequiredService<MailStore>();

    public ScheduleStore Schedules => _services.GetRequiredService<ScheduleStore>();

    public HoldStore Holds => _services.GetRequiredService<HoldStore>();

    public FailureStore Failures => _services.GetRequiredService<FailureStore>();

    public FailureGroupStore Groups => _services.GetRequiredService<FailureGroupStore>();

    public OperationStore Operations => _services.GetRequiredService<OperationStore>();
    public AlertStore Alerts => _services.GetRequiredService<AlertStore>();

    public WorkerStore Workers => _services.GetRequiredService<WorkerStore>();

    public Migrator Migrator => _services.GetRequiredService<Migrator>();

    public SchemaCheck SchemaCheck => _services.GetRequiredService<SchemaCheck>();

    /// <summary>On an empty database.</summary>
    public static async Task<Store> OpenAsync()
    {
        var fixture = await PostgresFixture.StartAsync();
        return At(await fixture.CreateDatabaseAsync());
    }

    public static async Task<Store> OpenMigratedAsync()
    {
        var store = await OpenAsync();
        await store.Migrator.MigrateAsync(Eventually.DefaultDeadline);
        return store;
    }

    public static Store At(string connectionString)
    {
        // No statement is given up because the machine is slow; what is to be is by a connection of the test's own.
        var services = new ServiceCollection().AddLogging()
            .Configure<DatabaseOptions>(options => (options.ConnectionString, options.CommandTimeout) = (connectionString, TimeSpan.FromMinutes(5))).AddPersistence();
        return new Store(connectionString, services.BuildServiceProvider());
    }

    public Task<Guid> StartWorkerAsync(string name = "test:1") => Workers.RegisterAsync(name, Leases.Lasting, CancellationToken.None);

    /// <summary>A worker that claimed while it had a lease, and lost it.</summary>
    public Task LoseLeaseAsync(Guid worker) =>
        ExecuteAsync("UPDATE email.workers SET lease_until = now() - interval '1 second' WHERE id = $1", worker);

    public async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = Command(sql, values);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var command = Command(sql, values);
        return (T)(await command.ExecuteScalarAsync() ?? throw new InvalidOperationException($"No row: {sql}"));
    }

    public async Task<Mail> MailAsync(Guid id) =>
        (await Mails.FindAsync(id) ?? throw new InvalidOperationException($"No mail {id}")).Mail;

    /// <summary>Claims a mail that no hold is on.</summary>
    public async Task<ClaimResult.Claimed> ClaimAsync(MailRecord record, Guid worker) =>
        await Mails.ClaimAsync(record, worker, holds: long.MaxValue) as ClaimResult.Claimed ?? throw new InvalidOperationException("Not claimed");

    /// <summary>Claims the mail and gives it up, as the worker does before it produces the dead letter.</summary>
    public async Task DieAsync(MailRecord record, Guid worker)
    {
        var claim = await ClaimAsync(record, worker);
        await Mails.WriteOutboxEntryAsync(
            record, claim.FencingToken, new OutboxEntry.DeadLetter("550 5.1.1 no such user"),
            [new RecipientReply(record.Recipients[0].Address, RecipientOutcome.Rejected, 550, "5.1.1", "no such user")]);
        await Mails.MarkPublishedAsync(record.Identity);
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private NpgsqlCommand Command(string sql, object[] values)
    {
        var command = DataSource.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }
}

/// <summary>Records to claim and dead letters to project.</summary>
internal static class Make
{
    private static long _offset;

    public static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    public static MailRecord Record(
        Guid? id = null, int epoch = 0, int attempt = 1, string content = "body", long? offset = null, string to = "b@example.com") => new()
        {
            Identity = new RecordIdentity(id ?? Guid.CreateVersion7(), epoch, attempt),
            MessageIdHeader = "<1@example.com>",
            Topic = "email.send",
            Partition = 1,
            Offset = offset ?? 7,
            Timestamp = Noon,
            Key = "customer-1",
            Subject = "Hello",
            Sender = "a@example.com",
            ContentHash = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(content)),
            Recipients = [new Recipient(to, RecipientKind.To)],
        };

    public static MailRecord Next(this MailRecord record, int? epoch = null, int? attempt = null) => record with
    {
        Identity = new RecordIdentity(
            record.Identity.MailId, epoch ?? record.Identity.Epoch, attempt ?? record.Identity.Attempt),
    };

    public static DeadLetter DeadLetter(Guid? mailId, int epoch = 0, string value = "body", long? originalOffset = null)
    {
        var offset = Interlocked.Increment(ref _offset);
        return new DeadLetter
        {
            Topic = "email.send.dlt",
            Partition = 0,
            Offset = offset,
            Timestamp = Noon,
            MailId = mailId,
            Epoch = epoch,
            Key = "customer-1"u8.ToArray(),
            Value = System.Text.Encoding.UTF8.GetBytes(value),
            Headers = [new RecordHeader("MessageId", "x"u8.ToArray())],
            ExceptionType = "SmtpCommandException",
            Message = "550 5.1.1 no such user",
            StackTrace = "at Send()",
            Attempts = 1,
            OriginalTopic = "email.send",
            OriginalPartition = 0,
            OriginalOffset = originalOffset ?? offset,
            OriginalTimestamp = Noon,
            OriginalGroup = "email-send-group",
            FailedAt = Noon,
        };
    }
}

/// <summary>Tests that share one migrated database; each works on mails of its own.</summary>
public abstract class StoreTests
{
    protected Store Store { get; private set; } = null!;

    protected Guid Worker { get; private set; }

    [OneTimeSetUp]
    public async Task OpenStoreAsync()
    {
        Store = await Store.OpenMigratedAsync();
        Worker = await Store.StartWorkerAsync();
    }

    [OneTimeTearDown]
    public async Task CloseStoreAsync()
    {
        if (Store is not null)
            await Store.DisposeAsync();
    }
}
