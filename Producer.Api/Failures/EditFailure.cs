using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Contracts;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Persistence.Failures;
using Persistence.Mails;
using Producer.Api.Configuration;
using Producer.Api.Emails;
using Producer.Api.Ids;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;
using ServiceDefaults.Database;

namespace Producer.Api.Failures;

/// <summary><c>POST /failures/{id}/edit</c>: sends another mail in the failed one's place.</summary>
internal static class EditFailure
{
    private const string Example = "{\"mail\": {\"to\": [\"…\"]}, \"reason\": \"…\"}";

    // Beside the mail itself.
    private const int RoomForRest = 16_384;

    public static async Task<Results<Accepted<EditReport>, ProblemHttpResult>> HandleAsync(
        string id, HttpContext context, [AsParameters] Actor actor, FailureStore failures, MailStore mails, Replays replays, MailId ids, ClusterGuard cluster,
        IOptions<ApiOptions> options, TimeProvider timeProvider, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        var (request, unread) = await StrictJson.ReadAsync<EditRequest>(context, options.Value.MaxMailBytes + RoomForRest, Example, cancellationToken);
        if (unread is not null)
            return unread;
        if (!ActionRequest.TryRead(id, new ActionRequest(request?.Reason), actor, reasonRequired: false, GetFailure.NotFound, out var action, out var problem))
            return problem;
        if (request?.Mail is not { ValueKind: JsonValueKind.Object } patch)
            return ProblemTypes.InvalidRequest.Because($"{Example} is expected: of the mail what is to be changed.");
        if (cluster.Problem is { } otherCluster)
            return ProblemTypes.OtherCluster.Because($"Nothing was done. {otherCluster}");
        if (await failures.FindAsync(action.Id, cancellationToken: cancellationToken) is not { } failure)
            return GetFailure.NotFound(id);

        var original = MailOf(failure.Value);
        var merged = MergePatch.Apply(original, JsonObject.Create(patch)!);
        var body = MailBody.Of(JsonSerializer.SerializeToElement(merged), options.Value.MaxMailBytes, timeProvider.GetUtcNow(), cancellationToken);
        if (body.Mail is not { } mail)
            return body.Problem!;
        if (SenderRule.Explain(mail, Caller.Of(context)) is { } notAllowed)
            return ProblemTypes.FromNotAllowed.Because($"{SendEmailFields.From} {notAllowed}.");
        if (original is not null && mail.Stream != StreamOf(original))
            return ProblemTypes.InvalidRequest.Because("stream cannot be edited: the mail stays in the one that it was accepted for.");

        var (edited, leftOut) = await WithoutThoseWhoHaveItAsync(mail, failure, mails, cancellationToken);
        if (!edited.Recipients.Any())
            return ProblemTypes.InvalidRequest.Because("Every recipient has got the mail: there is nobody left to send it to.");

        var mailId = ids.New(Owner(failure));
        var edit = new EditedMail(
            mailId, Encoding.UTF8.GetBytes(edited.OrderingKey ?? mailId.ToString()), SendEmailJson.Serialize(edited.At(timeProvider.GetUtcNow())),
            JsonSerializer.SerializeToElement(MergePatch.Changes(original, JsonSerializer.SerializeToNode(edited, SendEmailJson.Options)!.AsObject())));
        return await failures.RequestEditAsync(action.Id, edit, action.Actor, action.Reason, cancellationToken) switch
        {
            // Not canceled when the caller disconnects: it is recorded, and the sooner it is produced the better.
            ReplayResult.Accepted { Replay: var replay } => TypedResults.Accepted(
                EmailEndpoints.PathOf(mailId), new EditReport(failure.Id, mailId, leftOut, await replays.TryFinishAsync(replay, lifetime.ApplicationStopping))),
            ReplayResult.Refused { Reason: var reason } => Refusals.Explain(id, reason),
            var other => throw new InvalidOperationException($"The store returned {other.GetType().Name}, which is not known here."),
        };
    }

    private static JsonObject? MailOf(byte[]? value)
    {
        try
        {
            return value is null ? null : JsonNode.Parse(value) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static MailStream StreamOf(JsonObject mail) => SendEmailJson.ReadPosted(JsonSerializer.SerializeToElement(mail)).Stream;

    private static Guid? Owner(Failure failure) => HeaderJson.Read(failure.Headers).Last(HeaderNames.ApiKey).AsId();

    private static async Task<(SendEmail Mail, IReadOnlyList<string> LeftOut)> WithoutThoseWhoHaveItAsync(
        SendEmail mail, Failure failure, MailStore mails, CancellationToken cancellationToken)
    {
        if (failure.MailId is not { } mailId || await mails.FindAsync(mailId, cancellationToken) is not { } view)
            return (mail, []);
        var have = view.Mail.Recipients.Where(recipient => recipient.Outcome == RecipientOutcome.Accepted).Select(recipient => IdentityOf(recipient.Address)).ToHashSet(StringComparer.Ordinal);
        return (
            mail with { To = Left(mail.To), Cc = Left(mail.Cc), Bcc = Left(mail.Bcc) },
            [.. mail.Recipients.Where(recipient => have.Contains(IdentityOf(recipient)))]);

        List<string> Left(IReadOnlyList<string> recipients) => [.. recipients.Where(recipient => !have.Contains(IdentityOf(recipient)))];
    }

    private static string IdentityOf(string text) => EmailAddress.TryParse(text, out var mailbox) ? mailbox.Identity : text;
}

/// <summary>What is to be sent in a failed mail's place.</summary>
/// <param name="Mail">Of the mail what is to be changed, as a merge patch (RFC 7396): what is left out stays, attachments too, and <c>null</c> takes a field away.</param>
/// <param name="Reason">Why: up to 1,000 characters.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record EditRequest(JsonElement? Mail, string? Reason = null);

/// <summary>An edit that was recorded.</summary>
/// <param name="FailureId">The failure.</param>
/// <param name="MailId">The mail that is sent in the failed one's place.</param>
/// <param name="LeftOut">Recipients who have got the failed mail already, and do not get this one.</param>
/// <param name="Produced">Whether Kafka has it; else it is finished in the background.</param>
internal sealed record EditReport(Guid FailureId, Guid MailId, IReadOnlyList<string> LeftOut, bool Produced);
