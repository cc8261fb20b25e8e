using Microsoft.EntityFrameworkCore;
using Persistence.Text;

namespace Persistence.Failures;

/// <summary>Which actions to list. What is null does not restrict.</summary>
public sealed record ActionFilter
{
    /// <summary>Of one actor, written as the audit has it.</summary>
    public string? Actor { get; init; }

    /// <summary>Done at this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Done before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Whether what the system did by itself is left out.</summary>
    public bool ByPeople { get; init; }
}

public sealed partial class FailureStore
{
    /// <summary>What was done about failures, the newest first.</summary>
    /// <param name="filter">Which actions.</param>
    /// <param name="limit">How many at most, from 1 to 1,000.</param>
    /// <param name="before">Only actions with smaller ids: the last of the page before; null for the first page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<FailureAction>> ListActionsAsync(ActionFilter filter, int limit, long? before = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1_000);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        IQueryable<FailureAction> actions = context.FailureActions;
        if (filter.Actor is { } actor)
            actions = actions.Where(action => action.Actor == PostgresText.Clean(actor));
        if (filter.ByPeople)
            actions = actions.Where(action => action.Actor != FailureAction.SystemActor);
        if (filter.Since?.ToUniversalTime() is { } since)
            actions = actions.Where(action => action.At >= since);
        if (filter.Until?.ToUniversalTime() is { } until)
            actions = actions.Where(action => action.At < until);
        if (before is { } id)
            actions = actions.Where(action => action.Id < id);
        return await actions.OrderByDescending(action => action.Id).Take(limit).ToListAsync(cancellationToken);
    }
}
