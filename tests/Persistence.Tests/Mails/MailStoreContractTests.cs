using System.Collections.Concurrent;
using NUnit.Framework;
using Persistence.Mails;
using Testing.Mails;

namespace Persistence.Tests.Mails;

/// <summary>The contract on Postgres.</summary>
public sealed class PostgresContractTests : MailStoreContract
{
    private Store _store = null!;

    protected override IMailStore Mails => _store.Mails;

    [OneTimeSetUp]
    public async Task OpenAsync() => _store = await Store.OpenMigratedAsync();

    [OneTimeTearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    protected override Task<Guid> StartWorkerAsync() => _store.StartWorkerAsync();

    protected override Task LoseLeaseAsync(Guid worker) => _store.LoseLeaseAsync(worker);
}

/// <summary>The contract on the store that benchmarks and tests without Postgres use.</summary>
public sealed class InMemoryContractTests : MailStoreContract
{
    private readonly ConcurrentDictionary<Guid, bool> _leases = new();

    public InMemoryContractTests() => Mails = new InMemoryMailStore(_leases.ContainsKey);

    protected override IMailStore Mails { get; }

    protected override Task<Guid> StartWorkerAsync()
    {
        var worker = Guid.NewGuid();
        _leases[worker] = true;
        return Task.FromResult(worker);
    }

    protected override Task LoseLeaseAsync(Guid worker)
    {
        _leases.Remove(worker, out _);
        return Task.CompletedTask;
    }
}
