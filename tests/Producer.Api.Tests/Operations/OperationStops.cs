using Npgsql;

namespace Producer.Api.Tests.Operations;

/// <summary>What an instance writes about an operation, by what it means.</summary>
public enum OperationWrite
{
    /// <summary>That it begins, with its set.</summary>
    Begin,

    /// <summary>That an instance works on it.</summary>
    Claim,

    /// <summary>A batch that is not its last.</summary>
    Batch,

    /// <summary>That the records of a batch are acknowledged.</summary>
    Mark,

    /// <summary>Its last batch, with its end.</summary>
    End,
}

/// <summary>
/// Stops an instance of the API exactly at what it writes about an operation: triggers in Postgres hold the commit until they are told to release
/// it. The instance knows nothing of it. An advisory lock, which nobody waits for, shows that one is being held.
/// </summary>
internal sealed class OperationStops(NpgsqlDataSource database)
{
    /// <summary>The name of the instances' connections.</summary>
    public const string Instances = "operations-under-test";

    private const string Held = "FROM pg_locks WHERE locktype = 'advisory' AND classid = 4712 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    private const string Connections = $"FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{Instances}'";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    /// <summary>Puts the triggers into the database.</summary>
    public Task InstallAsync() => ExecuteAsync("""
        CREATE SCHEMA stops;
        CREATE TABLE stops.stop (write text);
        CREATE FUNCTION stops.hold() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM stops.stop WHERE write = TG_ARGV[0]) THEN
                PERFORM pg_advisory_xact_lock(4712, 1);
                WHILE EXISTS (SELECT FROM stops.stop WHERE write = TG_ARGV[0]) LOOP
                    PERFORM pg_sleep(0.02);
                END LOOP;
            END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER stop_begin AFTER INSERT ON email.operations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stops.hold('Begin');
        CREATE CONSTRAINT TRIGGER stop_claim AFTER UPDATE ON email.operations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN (NEW.lease_id IS NOT NULL AND NEW.lease_id IS DISTINCT FROM OLD.lease_id) EXECUTE FUNCTION stops.hold('Claim');
        CREATE CONSTRAINT TRIGGER stop_batch AFTER UPDATE ON email.operations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN (NEW.done > OLD.done AND NEW.state = 'running') EXECUTE FUNCTION stops.hold('Batch');
        CREATE CONSTRAINT TRIGGER stop_end AFTER UPDATE ON email.operations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN (OLD.state = 'running' AND NEW.state = 'completed') EXECUTE FUNCTION stops.hold('End');
        CREATE CONSTRAINT TRIGGER stop_mark AFTER UPDATE ON email.failures DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN (OLD.replayed_at IS NULL AND NEW.replayed_at IS NOT NULL) EXECUTE FUNCTION stops.hold('Mark');
        """);

    /// <summary>From now on this write is held.</summary>
    public Task SetAsync(OperationWrite write) => ExecuteAsync($"INSERT INTO stops.stop VALUES ('{write}')");

    /// <summary>Waits until the write is being held.</summary>
    public Task HeldAsync() => Eventually.Until(() => ExistsAsync(Held), Deadline, "the write is held");

    /// <summary>Kills the only instance before the write, which is undone: a server does not notice that its client is gone before it responds.</summary>
    public async Task KillBeforeAsync(ApiProcess api)
    {
        await api.KillAsync();
        await Eventually.Until(
            async () =>
            {
                await ExecuteAsync($"SELECT pg_terminate_backend(pid) {Connections}");
                return !await ExistsAsync(Connections);
            },
            Deadline, "the write is undone");
        await ReleaseAsync();
    }

    /// <summary>Kills the only instance after the write: it is committed while the instance stands still and cannot learn of it.</summary>
    public async Task KillAfterAsync(ApiProcess api)
    {
        api.Freeze();
        await ReleaseAsync();
        await Eventually.Until(async () => !await ExistsAsync(Held), Deadline, "the write is committed");
        await api.KillAsync();
    }

    /// <summary>Waits until nothing that the killed instances had begun is written any more.</summary>
    public Task GoneAsync() => Eventually.Until(async () => !await ExistsAsync(Connections), Deadline, "the connections of the killed have ended");

    private Task ReleaseAsync() => ExecuteAsync("DELETE FROM stops.stop");

    private async Task<bool> ExistsAsync(string rows)
    {
        await using var command = database.CreateCommand($"SELECT EXISTS (SELECT {rows})");
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
