using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.HttpResults;
using Producer.Api.Security;

namespace Producer.Api.Emails;

/// <summary><c>GET /emails/{id}/events</c>: as a list, or, where <c>Accept</c> asks for <c>text/event-stream</c>, one after the other until the mail has ended.</summary>
internal static class ListEvents
{
    private const string LastEventId = "Last-Event-ID";

    // Clients connect again where a stream ends; each look is a query.
    private static readonly TimeSpan LongestStream = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static async Task<Results<Ok<MailEventList>, ServerSentEventsResult<MailEvent>, ProblemHttpResult>> HandleAsync(
        string id, HttpContext context, FindEmail find, FollowPauses pauses, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var (request, caller) = (context.Request, Caller.Of(context));
        if (!Guid.TryParseExact(id, "D", out var mailId) || await find.FindAsync(mailId, caller, cancellationToken) is not { } found)
            return GetEmail.NotFound(id);
        return request.GetTypedHeaders().Accept.Any(type => type.MediaType.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase))
            ? TypedResults.ServerSentEvents(StreamAsync(mailId, request, found, find, pauses, timeProvider, cancellationToken))
            : TypedResults.Ok(new MailEventList(found.Events()));
    }

    private static async IAsyncEnumerable<SseItem<MailEvent>> StreamAsync(
        Guid id, HttpRequest request, FoundMail found, FindEmail find, FollowPauses pauses, TimeProvider timeProvider, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A client that connects again says which it has seen; one that is not there any more says nothing.
        var (caller, last) = (Caller.Of(request.HttpContext), request.Headers[LastEventId].ToString());
        var events = found.Events();
        var seen = events.ToList().FindLastIndex(happened => happened.Id == last);
        var told = events.Take(seen + 1).Select(happened => happened.Id).ToHashSet(StringComparer.Ordinal);
        var started = timeProvider.GetTimestamp();
        while (true)
        {
            foreach (var happened in events.Where(happened => told.Add(happened.Id)))
                yield return new SseItem<MailEvent>(happened, happened.Type) { EventId = happened.Id };
            if (found.Report.HasEnded || timeProvider.GetElapsedTime(started) > LongestStream)
                yield break;
            if (!await pauses.WaitAsync(request, Pause, cancellationToken) || await find.FindAsync(id, caller, cancellationToken) is not { } next)
                yield break;
            (found, events) = (next, next.Events());
        }
    }
}
