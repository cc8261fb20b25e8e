using Npgsql;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>What a worker writes to the database, by what it means.</summary>
internal enum Write
{
    /// <summary>The first claim of a mail.</summary>
    Claim,

    /// <summary>The claim of a later attempt.</summary>
    ClaimAgain,

    /// <summary>That it was sent.</summary>
    Sent,

    /// <summary>The outbox entry.</summary>
    OutboxEntry,

    /// <summary>That the outbox entry is published.</summary>
    Publish,

    /// <summary>The row of a dead letter.</summary>
    Failure,

    /// <summary>The row of a mail that a hold is on.</summary>
    Hold,

    /// <summary>That the hold is over, and the mail due.</summary>
    Release,
}

/// <summary>
/// Stops a worker exactly at what it writes to the database: triggers in Postgres hold the commit that makes a transition of a named
/// mail, until they are told to release it. The worker knows nothing of it.
/// </summary>
internal sealed class DatabaseStops
{
    /// <summary>The advisory locks of writes that are held; of this database, as tests that run beside have theirs on the same server.</summary>
    private const string Held = "FROM pg_locks WHERE locktype = 'advisory' AND classid = 4711 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    /// <summary>The workers' connections to this database.</summary>
    private const string Workers = $"FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> '{MailWorld.ReaderName}'";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private readonly NpgsqlDataSource _store;

    private DatabaseStops(NpgsqlDataSource store) => _store = store;

    /// <summary>Puts the triggers into the database.</summary>
    public static async Task<DatabaseStops> InstallAsync(NpgsqlDataSource store)
    {
        // Deferred, so that what is held is the commit itself: once released, it no longer needs the worker. An advisory lock,
        // which nobody waits for, shows that one is being held. Each look of the loop sees what was committed since the last.
        await using var command = store.CreateCommand("""
            CREATE SCHEMA stops;
            CREATE TABLE stops.stop (mail uuid, write text);
            CREATE FUNCTION stops.hold() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT FROM stops.stop WHERE mail = (to_jsonb(NEW) ->> TG_ARGV[1])::uuid AND write = TG_ARGV[0]) THEN
                    PERFORM pg_advisory_xact_lock(4711, hashtext(to_jsonb(NEW) ->> TG_ARGV[1]));
                    WHILE EXISTS (SELECT FROM stops.stop WHERE mail = (to_jsonb(NEW) ->> TG_ARGV[1])::uuid AND write = TG_ARGV[0]) LOOP
                        PERFORM pg_sleep(0.02);
                    END LOOP;
                END IF;
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER stop_claim AFTER INSERT ON email.mails DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                WHEN (NEW.state = 'sending') EXECUTE FUNCTION stops.hold('Claim', 'id');
            CREATE CONSTRAINT TRIGGER stop_claim_again AFTER UPDATE ON email.mails DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                WHEN (NEW.state = 'sending' AND NEW.attempt > OLD.attempt) EXECUTE FUNCTION stops.hold('ClaimAgain', 'id');
            CREATE CONSTRAINT TRIGGER stop_sent AFTER UPDATE ON email.mails DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                WHEN (OLD.state <> 'sent' AND NEW.state = 'sent') EXECUTE FUNCTION stops.hold('Sent', 'id');
            CREATE CONSTRAINT TRIGGER stop_outbox_entry AFTER UPDATE ON email.mails DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                WHEN (OLD.outbox_entry IS NULL AND NEW.outbox_entry IS NOT NULL) EXECUTE FUNCTION stops.hold('OutboxEntry', 'id');
            CREATE CONSTRAINT TRIGGER stop_publish AFTER UPDATE ON email.mails DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                WHEN (OLD.published_at IS NULL AND NEW.published_at IS NOT NULL) EXECUTE FUNCTION stops.hold('Publish', 'id');
            CREATE CONSTRAINT TRIGGER stop_hold AFTER INSERT ON email.mails DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                WHEN (NEW.state = 'held') EXECUTE FUNCTION stops.hold('Hold', 'id');
            CREATE CONSTRAINT TRIGGER stop_release AFTER UPDATE ON email.mails DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                WHEN (OLD.state = 'held' AND NEW.state = 'queued') EXECUTE FUNCTION stops.hold('Release', 'id');
            CREATE CONSTRAINT TRIGGER stop_failure AFTER INSERT ON email.failures DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stops.hold('Failure', 'mail_id');
            """);
        await command.ExecuteNonQueryAsync();
        return new DatabaseStops(store);
    }

    /// <summary>From now on this write of this mail is held.</summary>
    public Task SetAsync(PostedMail mail, Write write) => ExecuteAsync($"INSERT INTO stops.stop VALUES ('{mail.Id}', '{write}')");

    /// <summary>Releases the write.</summary>
    public Task ReleaseAsync(PostedMail mail) => ExecuteAsync($"DELETE FROM stops.stop WHERE mail = '{mail.Id}'");

    /// <summary>Waits until the write is being held.</summary>
    public Task HeldAsync(PostedMail mail, MailWorld world) => Eventually.Until(() => IsHeldAsync(mail), Deadline, "the write is held", world.DescribeAsync);

    /// <summary>Waits until the write of any mail is being held.</summary>
    public Task AnyHeldAsync(MailWorld world) => Eventually.Until(
        () => ExistsAsync(Held), Deadline, "a write is held", world.DescribeAsync);

    /// <summary>
    /// Kills the only worker before the write: it is undone, whichever of the worker's connections makes it, as each is cut that comes
    /// to be held. What they wait with besides is written; a server does not notice that its client is gone before it responds.
    /// </summary>
    public async Task KillBeforeAsync(ChildProcess worker, PostedMail mail)
    {
        await worker.KillAsync();
        await Eventually.Until(
            async () =>
            {
                await ExecuteAsync($"SELECT pg_terminate_backend(pid) {HeldOf(mail)}");
                return !await ExistsAsync(Workers);
            },
            Deadline, "the write is undone");
        await ReleaseAsync(mail);
    }

    /// <summary>Kills a worker after the write: it is committed while the worker stands still and cannot learn of it.</summary>
    public async Task KillAfterAsync(ChildProcess worker, PostedMail mail)
    {
        worker.Freeze();
        await ReleaseAsync(mail);
        await Eventually.Until(async () => !await IsHeldAsync(mail), Deadline, "the write is committed");
        await worker.KillAsync();
    }

    private static string HeldOf(PostedMail mail) => $"{Held} AND objid::bigint = hashtext('{mail.Id}')::bigint & 4294967295";

    private Task<bool> IsHeldAsync(PostedMail mail) => ExistsAsync(HeldOf(mail));

    private async Task<bool> ExistsAsync(string rows)
    {
        await using var command = _store.CreateCommand($"SELECT EXISTS (SELECT {rows})");
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _store.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
