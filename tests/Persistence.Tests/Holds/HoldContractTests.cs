using System.Collections.Concurrent;
using NUnit.Framework;
using Persistence.Holds;
using Persistence.Mails;
using Testing.Mails;

namespace Persistence.Tests.Holds;

/// <summary>The contract on Postgres. One test after the other: each hold is on all mails.</summary>
public sealed class PostgresHoldContractTests : HoldContract
{
    private Store _store = null!;

    protected override IMailStore Mails => _store.Mails;

    [OneTimeSetUp]
    public async Task OpenAsync() => _store = await Store.OpenMigratedAsync();

    [OneTimeTearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    protected override Task<Guid> StartWorkerAsync() => _store.StartWorkerAsync();

    protected override Task LoseLeaseAsync(Guid worker) => _store.LoseLeaseAsync(worker);

    protected override Task<Hold> MakeHoldAsync() => _store.Holds.CreateAsync(new NewHold(HoldScope.All, null, HoldMode.Wait, null, "a flood"), "ann");

    protected override Task ReleaseAsync(Hold hold) => _store.Holds.ReleaseAsync(hold.Id, "ann", "over");
}

/// <summary>The contract on the store that benchmarks and tests without Postgres use.</summary>
public sealed class InMemoryHoldContractTests : HoldContract
{
    private readonly ConcurrentDictionary<Guid, bool> _leases = new();
    private readonly InMemoryMailStore _mails;

    public InMemoryHoldContractTests() => _mails = new InMemoryMailStore(_leases.ContainsKey);

    protected override IMailStore Mails => _mails;

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

    protected override Task<Hold> MakeHoldAsync()
    {
        var hold = new Hold
        {
            Id = Guid.NewGuid(),
            Number = _mails.Holds.Number + 1,
            Scope = HoldScope.All,
            Mode = HoldMode.Wait,
            IsActive = true,
            Reason = "a flood",
            CreatedAt = DateTimeOffset.UnixEpoch,
            CreatedBy = "ann",
        };
        _mails.Holds = new ActiveHolds(hold.Number, [.. _mails.Holds.Holds, hold]);
        return Task.FromResult(hold);
    }

    protected override Task ReleaseAsync(Hold hold)
    {
        _mails.Holds = _mails.Holds with { Holds = [.. _mails.Holds.Holds.Where(other => other != hold)] };
        return Task.CompletedTask;
    }
}
