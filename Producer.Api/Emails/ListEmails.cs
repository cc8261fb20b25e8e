using System.Text.Json.Serialization;
using Contracts;
using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Mails;
using Producer.Api.Problems;
using Producer.Api.Security;

namespace Producer.Api.Emails;

/// <summary><c>GET /emails</c>.</summary>
internal static class ListEmails
{
    public static async Task<Results<Ok<MailList>, ProblemHttpResult>> HandleAsync(
        [AsParameters] EmailQuery query, HttpContext context, MailSearch mails, CancellationToken cancellationToken)
    {
        try
        {
            var own = Caller.Of(context).OnlyOf;
            var page = await mails.ListAsync(query.Filter() with { ApiKeyId = own }, query.PageSize(), await query.FromAsync(mails, own, cancellationToken), cancellationToken);
            return TypedResults.Ok(new MailList([.. page.Items.Select(ListedMail.Of)], page.Next is { } next ? MailCursor.Write(next) : null));
        }
        catch (FormatException exception)
        {
            return ProblemTypes.InvalidRequest.Because(exception.Message);
        }
    }
}

/// <summary>A page of mails.</summary>
/// <param name="Data">The mails, newest first by when a worker first read them.</param>
/// <param name="NextCursor">The next page's <c>cursor</c>; absent on the last.</param>
public sealed record MailList(IReadOnlyList<ListedMail> Data, string? NextCursor)
{
    /// <summary>Always <c>list</c>, as Resend's clients expect.</summary>
    [JsonPropertyName("object")]
    public string ObjectName { get; } = "list";

    /// <summary>Whether there may be more. A page of a filter that no index has may be short, even empty, and have a next one.</summary>
    public bool HasMore => NextCursor is not null;
}

/// <summary>A mail in a list.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">The one state it is in.</param>
/// <param name="LastEvent">The state in Resend's words.</param>
/// <param name="CreatedAt">When it was accepted.</param>
public sealed record ListedMail(Guid Id, MailState State, string LastEvent, DateTimeOffset CreatedAt)
{
    /// <summary>The sender, as posted.</summary>
    public string? From { get; init; }

    /// <summary>Recipients, as posted; absent as long as the first attempt lasts, where they have no names.</summary>
    public IReadOnlyList<string>? To { get; init; }

    /// <summary>Copied recipients, as posted.</summary>
    public IReadOnlyList<string>? Cc { get; init; }

    /// <summary>Hidden recipients, as posted.</summary>
    public IReadOnlyList<string>? Bcc { get; init; }

    /// <summary>Where replies go, as posted.</summary>
    public IReadOnlyList<string>? ReplyTo { get; init; }

    /// <summary>Its subject.</summary>
    public string? Subject { get; init; }

    /// <summary>Its tags, as posted.</summary>
    public IReadOnlyList<MailTag>? Tags { get; init; }

    /// <summary>When it is, or was, to be sent, where it was scheduled.</summary>
    public DateTimeOffset? ScheduledAt { get; init; }

    /// <summary>When the mail server took it.</summary>
    public DateTimeOffset? SentAt { get; init; }

    internal static ListedMail Of(Mail mail)
    {
        var addresses = MailAddresses.Of(mail) ?? MailAddresses.SenderOf(mail);
        return new ListedMail(mail.Id, mail.State, LastEvents.Of(mail.State, mail.OutboxEntry == OutboxKind.Redelivery || mail.IsHeldInRow), mail.RecordTimestamp ?? mail.CreatedAt)
        {
            From = addresses?.From,
            To = addresses?.To,
            Cc = addresses?.Cc,
            Bcc = addresses?.Bcc,
            ReplyTo = addresses?.ReplyTo,
            Subject = mail.Subject,
            Tags = MailAddresses.TagsOf(mail.Tags),
            ScheduledAt = mail.ScheduledAt,
            SentAt = mail.SentAt,
        };
    }
}
