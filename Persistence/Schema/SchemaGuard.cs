using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Persistence.Schema;

/// <summary>What a starting service does while the database cannot be reached.</summary>
public enum WhenUnreachable
{
    /// <summary>Waits for it: nothing that is added after the guard starts before the schema is known to be right.</summary>
    Wait,

    /// <summary>Starts without it, and checks as soon as it can.</summary>
    GoOn,
}

/// <summary>Stops a service that meets another schema than its own.</summary>
internal sealed class SchemaGuard(SchemaCheck check, WhenUnreachable unreachable, TimeProvider timeProvider, ILogger<SchemaGuard> logger)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private bool _checked;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // The first look always before the others start: a wrong schema is met before it is used.
        _checked = await TryCheckAsync(cancellationToken);
        if (!_checked && unreachable == WhenUnreachable.Wait)
            await CheckUntilReachedAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>An exception from here stops the host, which is what a wrong schema is to do.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => CheckUntilReachedAsync(stoppingToken);

    private async Task CheckUntilReachedAsync(CancellationToken cancellationToken)
    {
        while (!_checked)
        {
            await Task.Delay(Pause, timeProvider, cancellationToken);
            _checked = await TryCheckAsync(cancellationToken);
        }
    }

    private async Task<bool> TryCheckAsync(CancellationToken cancellationToken)
    {
        SchemaDifference difference;
        try
        {
            difference = await check.CompareAsync(cancellationToken);
        }
        catch (Exception exception) when (PostgresErrors.IsUnavailable(exception))
        {
            logger.LogWarning(
                "Postgres cannot be reached, so its schema is not checked yet ({Cause}). {Consequence}; trying again every {Pause}.",
                exception.Message,
                unreachable == WhenUnreachable.Wait ? "The start waits for it" : "Going on without it",
                Pause);
            return false;
        }
        if (!difference.IsNone)
            throw SchemaMismatchException.For(difference);
        logger.LogInformation("The database's schema is this version's.");
        return true;
    }
}
