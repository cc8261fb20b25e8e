using Consumer.Worker.Smtp;
using Npgsql;

namespace Consumer.Worker.Sending;

/// <summary>Asks a dependency whether it is well again, for the endpoints' circuits: never with a mail.</summary>
internal sealed class Dependencies(ISmtpProbe smtp, NpgsqlDataSource postgres)
{
    /// <summary>Returns where the dependency that an exception accuses is well; throws otherwise.</summary>
    public Task ProbeAsync(Exception reason, CancellationToken cancellationToken) =>
        reason is SmtpUnavailableException ? smtp.ProbeAsync(cancellationToken) : ProbePostgresAsync(cancellationToken);

    /// <summary>Returns where Postgres answers.</summary>
    public async Task ProbePostgresAsync(CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand("SELECT 1");
        await command.ExecuteScalarAsync(cancellationToken);
    }
}
