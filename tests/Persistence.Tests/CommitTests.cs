using Npgsql;
using NUnit.Framework;
using Persistence.Mails;
using Persistence.Workers;
using Shouldly;
using Testing;

namespace Persistence.Tests;

/// <summary>What times out at its commit was not written, though its rows were read: they come before the commit.</summary>
public sealed class CommitTests : StoreTests
{
    private NpgsqlDataSource _withShortTimeout = null!;

    [OneTimeSetUp]
    public async Task HoldCommits()
    {
        await Store.ExecuteAsync("""
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(20); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT OR UPDATE ON email.mails DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (NEW.subject = 'slow') EXECUTE FUNCTION slow();
            CREATE CONSTRAINT TRIGGER slow_commit AFTER UPDATE ON email.workers DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (NEW.name = 'slow') EXECUTE FUNCTION slow();
            """);
        _withShortTimeout = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Store.ConnectionString) { CommandTimeout = 1 });
    }

    [OneTimeTearDown]
    public async Task CloseConnections() => await _withShortTimeout.DisposeAsync();

    [Test]
    public async Task A_claim()
    {
        var record = Make.Record() with { Subject = "slow" };

        var timeout = await Should.ThrowAsync<NpgsqlException>(new ClaimBatch(_withShortTimeout).ClaimAsync([new ClaimRequest(record, Worker, Reclaim: null, Holds: 0)]));

        PostgresErrors.IsUnavailable(timeout).ShouldBeTrue();
        (await Store.Mails.FindAsync(record.Identity.MailId)).ShouldBeNull();
    }

    [Test]
    public async Task An_outcome()
    {
        var record = Make.Record();
        await Store.ClaimAsync(record, Worker);
        await Store.ExecuteAsync("ALTER TABLE email.mails DISABLE TRIGGER slow_commit");
        await Store.ExecuteAsync("UPDATE email.mails SET subject = 'slow' WHERE id = $1", record.Identity.MailId);
        await Store.ExecuteAsync("ALTER TABLE email.mails ENABLE TRIGGER slow_commit");

        await Should.ThrowAsync<NpgsqlException>(new OutcomeBatch(_withShortTimeout).SentAsync([new OutcomeRequest(record, 1, [])]));

        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sending);
    }

    [Test]
    public async Task A_scheduled_mail()
    {
        var record = Make.Record(attempt: 0) with { Subject = "slow" };

        await Should.ThrowAsync<NpgsqlException>(new ScheduleStore(_withShortTimeout).StoreAsync(record, new ScheduledRecord(Make.Noon, new WaitingRecord(null, null, []))));

        (await Store.Mails.FindAsync(record.Identity.MailId)).ShouldBeNull();
    }

    [Test]
    public async Task A_heartbeat()
    {
        var worker = await Store.StartWorkerAsync("slow");

        await Should.ThrowAsync<NpgsqlException>(new WorkerStore(_withShortTimeout).HeartbeatAsync(worker, Leases.Lasting * 2, null, null, CancellationToken.None));

        (await Store.ScalarAsync<bool>("SELECT lease_until < now() + interval '25 hours' FROM email.workers WHERE id = $1", worker)).ShouldBeTrue();
    }
}
