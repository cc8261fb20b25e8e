using Npgsql;
using NUnit.Framework;
using Persistence.Deliveries;
using Persistence.Workers;
using Shouldly;

namespace Persistence.Tests;

/// <summary>What times out at its commit was not written, though its rows were read: they come before the commit.</summary>
public sealed class CommitTests : BooksTests
{
    private NpgsqlDataSource _impatient = null!;

    [OneTimeSetUp]
    public async Task HoldCommits()
    {
        await Books.ExecuteAsync("""
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(20); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT OR UPDATE ON email.deliveries DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (NEW.subject = 'slow') EXECUTE FUNCTION slow();
            CREATE CONSTRAINT TRIGGER slow_commit AFTER UPDATE ON email.workers DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (NEW.name = 'slow') EXECUTE FUNCTION slow();
            """);
        _impatient = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Books.ConnectionString) { CommandTimeout = 1 });
    }

    [OneTimeTearDown]
    public async Task CloseConnections() => await _impatient.DisposeAsync();

    [Test]
    public async Task A_claim()
    {
        var record = Make.Record() with { Subject = "slow" };

        var timeout = await Should.ThrowAsync<NpgsqlException>(new ClaimBatch(_impatient).ClaimAsync([new ClaimRequest(record, Worker, ReclaimOwn: false)]));

        PostgresErrors.IsUnavailable(timeout).ShouldBeTrue();
        (await Books.Deliveries.FindAsync(record.Identity.MailId)).ShouldBeNull();
    }

    [Test]
    public async Task An_outcome()
    {
        var record = Make.Record();
        await Books.ClaimAsync(record, Worker);
        await Books.ExecuteAsync("ALTER TABLE email.deliveries DISABLE TRIGGER slow_commit");
        await Books.ExecuteAsync("UPDATE email.deliveries SET subject = 'slow' WHERE id = $1", record.Identity.MailId);
        await Books.ExecuteAsync("ALTER TABLE email.deliveries ENABLE TRIGGER slow_commit");

        await Should.ThrowAsync<NpgsqlException>(new OutcomeBatch(_impatient).SentAsync([new OutcomeRequest(record, 1, [])]));

        (await Books.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sending);
    }

    [Test]
    public async Task A_scheduled_mail()
    {
        var record = Make.Record(attempt: 0) with { Subject = "slow" };

        await Should.ThrowAsync<NpgsqlException>(new ScheduleStore(_impatient).KeepAsync(record, new ScheduledRecord(Make.Noon, null, null, [])));

        (await Books.Deliveries.FindAsync(record.Identity.MailId)).ShouldBeNull();
    }

    [Test]
    public async Task A_heartbeat()
    {
        var worker = await Books.StartWorkerAsync("slow");

        await Should.ThrowAsync<NpgsqlException>(new WorkerStore(_impatient).HeartbeatAsync(worker, TimeSpan.FromHours(1), CancellationToken.None));

        (await Books.ScalarAsync<bool>("SELECT lease_until < now() + interval '30 minutes' FROM email.workers WHERE id = $1", worker)).ShouldBeTrue();
    }
}
