using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Failures;

/// <summary><c>POST /failures/{id}/edit</c>: sends another mail in the failed one's place.</summary>
internal static class EditFailure
{
    // Beside the mail itself.
    private const int RoomForRest = 16_384;

    public static async Task<Results<Accepted<EditReport>, ProblemHttpResult>> HandleAsync(
        string id, HttpContext context, [AsParameters] Actor actor, Edits edits, IOptions<ApiOptions> options, CancellationToken cancellationToken)
    {
        var (request, unread) = await StrictJson.ReadAsync<EditRequest>(context, options.Value.MaxMailBytes + RoomForRest, EditRequest.Example, cancellationToken);
        if (unread is not null)
            return unread;
        var (draft, problem) = await edits.PrepareAsync(id, request, actor, cancellationToken);
        return draft is null ? problem! : await edits.SendAsync(draft, cancellationToken);
    }
}

/// <summary>What is to be sent in a failed mail's place.</summary>
/// <param name="Mail">Of the mail what is to be changed, as a merge patch (RFC 7396): what is left out stays, attachments too, and <c>null</c> takes a field away.</param>
/// <param name="Reason">Why: up to 1,000 characters.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record EditRequest(JsonElement? Mail, string? Reason = null)
{
    public const string Example = "{\"mail\": {\"to\": [\"…\"]}, \"reason\": \"…\"}";
}

/// <summary>An edit that was recorded.</summary>
/// <param name="FailureId">The failure.</param>
/// <param name="MailId">The mail that is sent in the failed one's place.</param>
/// <param name="LeftOut">Recipients who have got the failed mail already, and do not get this one.</param>
/// <param name="Produced">Whether Kafka has it; else it is finished in the background.</param>
internal sealed record EditReport(Guid FailureId, Guid MailId, IReadOnlyList<string> LeftOut, bool Produced);
