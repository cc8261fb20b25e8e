using System.Text.Json;
using Contracts;
using Persistence.Mails;

namespace Producer.Api.Emails;

/// <summary>What was posted, by the columns of a mail's row.</summary>
internal static class MailAddresses
{
    /// <summary>
    /// The addresses as they were posted: stored as such where they had names, else those of sender and recipients, which are there once the
    /// first attempt is over. Null before.
    /// </summary>
    public static PostedAddresses? Of(Mail mail) =>
        mail.Posted is { } posted ? PostedAddresses.OfJson(posted)
        : mail is { Sender: { } sender, Recipients.Count: > 0 } ? new PostedAddresses
        {
            From = sender,
            To = Of(mail, RecipientKind.To),
            Cc = Of(mail, RecipientKind.Cc),
            Bcc = Of(mail, RecipientKind.Bcc),
        }
        : null;

    /// <summary>The sender alone; null where no record of the mail was read.</summary>
    public static PostedAddresses? SenderOf(Mail mail) => mail.Sender is { } sender ? new PostedAddresses { From = sender } : null;

    /// <summary>The tags of a row; null where it has none.</summary>
    public static IReadOnlyList<MailTag>? TagsOf(string? json) => json is null ? null : JsonSerializer.Deserialize<List<MailTag>>(json, SendEmailJson.Options);

    private static List<string>? Of(Mail mail, RecipientKind kind) =>
        mail.Recipients.Where(recipient => recipient.Kind == kind).OrderBy(recipient => recipient.Ordinal).Select(recipient => recipient.Address).ToList() is { Count: > 0 } addresses
            ? addresses : null;
}
