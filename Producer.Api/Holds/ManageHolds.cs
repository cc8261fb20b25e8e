using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Persistence;
using Persistence.Holds;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Holds;

/// <summary><c>/holds</c>.</summary>
internal static class ManageHolds
{
    // A subject and a reason, each character escaped, and room for the rest.
    private const int MaxBytes = 32_768;

    public static async Task<Results<Created<HoldReport>, ProblemHttpResult>> CreateAsync(
        HttpContext context, [AsParameters] Actor actor, HoldStore store, TimeProvider timeProvider, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var (request, unread) = await StrictJson.ReadAsync<HoldRequest>(context, MaxBytes, "{\"scope\": \"all\", \"reason\": \"…\"}", cancellationToken);
        return unread is not null ? unread : await MakeAsync(request, actor, store, timeProvider, loggers, cancellationToken);
    }

    /// <summary>The same for a request whose body was read.</summary>
    public static async Task<Results<Created<HoldReport>, ProblemHttpResult>> MakeAsync(
        HoldRequest? request, Actor actor, HoldStore store, TimeProvider timeProvider, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (!actor.TryRead(out var who, out var problem))
            return problem;
        if (!(request ?? new HoldRequest(null)).TryRead(timeProvider.GetUtcNow(), out var asked, out var errors))
            return ProblemTypes.InvalidRequest.Because($"{string.Join("; ", errors)}.");

        try
        {
            var hold = await store.CreateAsync(asked, who, cancellationToken);
            loggers.CreateLogger(typeof(ManageHolds)).LogWarning("Hold {HoldId} on {Scope} {Value} was made by {Actor}, mode {Mode}, until {Until}: {Reason}", hold.Id, hold.Scope, hold.Value, who, hold.Mode, hold.Until, hold.Reason);
            return TypedResults.Created($"/holds/{hold.Id:D}", HoldReport.Of(hold));
        }
        catch (Exception exception) when (PostgresErrors.IsContention(exception))
        {
            return ProblemTypes.DatabaseUnavailable.Because($"Nothing was held: claims were under way for too long. Try again. {PostgresErrors.Explain(exception)}.");
        }
    }

    public static async Task<Results<Ok<HoldList>, ProblemHttpResult>> ListAsync([AsParameters] HoldQuery query, HoldStore store, CancellationToken cancellationToken)
    {
        try
        {
            var (active, limit, before) = query.Read();
            var page = await store.ListAsync(active, limit, before, cancellationToken);
            return TypedResults.Ok(new HoldList([.. page.Items.Select(HoldReport.Of)], HoldQuery.CursorOf(page.Next)));
        }
        catch (FormatException exception)
        {
            return ProblemTypes.InvalidRequest.Because(exception.Message);
        }
    }

    public static async Task<Results<Ok<HoldReport>, ProblemHttpResult>> GetAsync(string id, HoldStore store, CancellationToken cancellationToken) =>
        Guid.TryParseExact(id, "D", out var holdId) && await store.FindAsync(holdId, cancellationToken) is { } hold ? TypedResults.Ok(HoldReport.Of(hold)) : NotFound(id);

    public static async Task<Results<Ok<HoldReport>, ProblemHttpResult>> ReleaseAsync(
        string id, HttpContext context, [AsParameters] Actor actor, HoldStore store, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var (request, unread) = await ActionRequest.ReadAsync(context, cancellationToken);
        return unread is not null ? unread : await EndAsync(id, request, actor, store, loggers, cancellationToken);
    }

    /// <summary>The same for a request whose body was read.</summary>
    public static async Task<Results<Ok<HoldReport>, ProblemHttpResult>> EndAsync(
        string id, ActionRequest? request, Actor actor, HoldStore store, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (!ActionRequest.TryRead(id, request, actor, reasonRequired: true, NotFound, out var action, out var problem))
            return problem;
        if (await store.ReleaseAsync(action.Id, action.Actor, action.Reason!, cancellationToken) is not { } hold)
            return NotFound(id);
        loggers.CreateLogger(typeof(ManageHolds)).LogWarning("Hold {HoldId} is over: {Actor} released it, for {Reason}", hold.Id, hold.ReleasedBy ?? "its time came before", hold.ReleaseReason);
        return TypedResults.Ok(HoldReport.Of(hold));
    }

    private static ProblemHttpResult NotFound(string id) => ProblemTypes.HoldNotFound.Because($"There is no hold '{Texts.Cut(id, 100)}'. GET /holds lists their ids.");
}
