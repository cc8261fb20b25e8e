using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
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

/// <summary>Mails that are sent in a failed one's place: made of it and of what is to be changed, and then sent.</summary>
internal sealed class Edits(
    FailureStore failures, MailStore mails, Replays replays, MailId ids, ClusterGuard cluster, IOptions<ApiOptions> options, TimeProvider timeProvider, IHostApplicationLifetime lifetime)
{
    /// <summary>The failed mail, of which what is left out stays; null where its record could not be read, and all of it is to be given.</summary>
    public static SendEmail? OriginalOf(Failure failure) => PlainJson.TryReadObject(failure.Value) is null ? null : SendEmailJson.TryDeserialize(failure.Value);

    /// <summary>The mail as it would be sent, or why it would not. Nothing is done.</summary>
    public async Task<(EditDraft? Draft, ProblemHttpResult? Problem)> PrepareAsync(string id, EditRequest? request, Actor actor, CancellationToken cancellationToken)
    {
        if (!ActionRequest.TryRead(id, new ActionRequest(request?.Reason), actor, reasonRequired: false, GetFailure.NotFound, out var action, out var problem))
            return (null, problem);
        if (request?.Mail is not { } mailPatch || PlainJson.TryReadObject(JsonMarshal.GetRawUtf8Value(mailPatch)) is not { } patch)
            return (null, ProblemTypes.InvalidRequest.Because($"{EditRequest.Example} is expected: of the mail what is to be changed, with texts of Unicode characters."));
        if (cluster.Problem is { } otherCluster)
            return (null, ProblemTypes.OtherCluster.Because($"Nothing was done. {otherCluster}"));
        if (await failures.FindAsync(action.Id, cancellationToken: cancellationToken) is not { } failure)
            return (null, GetFailure.NotFound(id));

        var original = PlainJson.TryReadObject(failure.Value);
        var merged = MergePatch.Apply(original, patch);
        var body = MailBody.Of(JsonSerializer.SerializeToElement(merged), options.Value.MaxMailBytes, timeProvider.GetUtcNow(), cancellationToken);
        if (body.Mail is not { } mail)
            return (null, body.Problem);
        if (SenderRule.Explain(mail, Caller.Of(actor.Context)) is { } notAllowed)
            return (null, ProblemTypes.FromNotAllowed.Because($"{SendEmailFields.From} {notAllowed}."));
        if (original is not null && mail.Stream != StreamOf(original))
            return (null, ProblemTypes.InvalidRequest.Because("stream cannot be edited: the mail stays in the one that it was accepted for."));

        var (edited, leftOut) = await WithoutThoseWhoHaveItAsync(mail, failure, cancellationToken);
        return edited.Recipients.Any()
            ? (new EditDraft(action, failure, original, edited, leftOut), null)
            : (null, ProblemTypes.InvalidRequest.Because("Every recipient has got the mail: there is nobody left to send it to."));
    }

    /// <summary>Records the edit and sends its mail; the problem where somebody else has dealt with the failure since.</summary>
    public async Task<Results<Accepted<EditReport>, ProblemHttpResult>> SendAsync(EditDraft draft, CancellationToken cancellationToken)
    {
        var (action, failure, mail) = (draft.Action, draft.Failure, draft.Mail);
        var mailId = ids.New(Owner(failure));
        var edit = new EditedMail(
            mailId, Encoding.UTF8.GetBytes(mail.OrderingKey ?? mailId.ToString()), SendEmailJson.Serialize(mail.At(timeProvider.GetUtcNow())),
            MergePatch.Changes(draft.Original, JsonSerializer.SerializeToNode(mail, SendEmailJson.Options)!.AsObject()));
        return await failures.RequestEditAsync(action.Id, edit, action.Actor, action.Reason, cancellationToken) switch
        {
            // Not canceled when the caller disconnects: it is recorded, and the sooner it is produced the better.
            ReplayResult.Accepted { Replay: var replay } => TypedResults.Accepted(
                EmailEndpoints.PathOf(mailId), new EditReport(failure.Id, mailId, draft.LeftOut, await replays.TryFinishAsync(replay, lifetime.ApplicationStopping))),
            ReplayResult.Refused { Reason: var reason } => Refusals.Explain(action.Id.ToString(), reason),
            var other => throw new InvalidOperationException($"The store returned {other.GetType().Name}, which is not known here."),
        };
    }

    private static MailStream StreamOf(JsonObject mail) => SendEmailJson.ReadPosted(JsonSerializer.SerializeToElement(mail)).Stream;

    private static Guid? Owner(Failure failure) => HeaderJson.Read(failure.Headers).Last(HeaderNames.ApiKey).AsId();

    private async Task<(SendEmail Mail, IReadOnlyList<string> LeftOut)> WithoutThoseWhoHaveItAsync(SendEmail mail, Failure failure, CancellationToken cancellationToken)
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

/// <summary>A mail as it would be sent in a failed one's place.</summary>
/// <param name="Action">What was asked for, by whom and why.</param>
/// <param name="Failure">The failure.</param>
/// <param name="Original">The failed mail; null where its record could not be read.</param>
/// <param name="Mail">The mail, without those who have got the failed one.</param>
/// <param name="LeftOut">Those.</param>
internal sealed record EditDraft(RequestedAction Action, Failure Failure, JsonObject? Original, SendEmail Mail, IReadOnlyList<string> LeftOut);
