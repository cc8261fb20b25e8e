using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Persistence;
using Persistence.Schema;
using ServiceDefaults.Periodic;

namespace ServiceDefaults.Database;

/// <summary>Stops a service that meets another schema than its own.</summary>
internal sealed class SchemaGuard(SchemaCheck check, TimeProvider timeProvider, ILogger<SchemaGuard> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly FailureStreak _unreachable = new();
    private bool _checked;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // The first look always before the others start: a wrong schema is met before it is used.
        _checked = await TryCheckAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>An exception from here stops the host, which is what a wrong schema is to do.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!_checked)
        {
            await Task.Delay(Pause, timeProvider, stoppingToken);
            _checked = await TryCheckAsync(stoppingToken);
        }
    }

    private async Task<bool> TryCheckAsync(CancellationToken cancellationToken)
    {
        SchemaDifference difference;
        try
        {
            difference = await check.CompareAsync(cancellationToken);
        }
        // Broad, because only a wrong schema is to stop the service: whatever keeps it from being read is Postgres's state, and passes.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            if (_unreachable.Add(exception))
                logger.LogWarning("Postgres cannot be reached, so its schema is not checked yet ({Cause}). Going on without it; trying again every {Pause}.", PostgresErrors.Explain(exception), Pause);
            return false;
        }

        if (!difference.IsUsable)
            throw SchemaMismatchException.For(difference);
        if (difference.Foreign.Count == 0)
            logger.LogInformation("The database's schema is this version's.");
        else
            logger.LogInformation("The database's schema is a newer version's, and compatible with this one: {Migrations}", difference.Foreign);
        return true;
    }
}
