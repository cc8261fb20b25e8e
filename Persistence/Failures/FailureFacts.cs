using System.Text.RegularExpressions;
using Contracts;
using Contracts.Validation;

namespace Persistence.Failures;

/// <summary>
/// What a failure is found by beside its cause: of its record's value, where that can be read as a mail, and of its exception's message.
/// Reading never fails; what cannot be read is left out.
/// </summary>
/// <param name="Sender">The address the mail is from.</param>
/// <param name="Subject">Its subject.</param>
/// <param name="Recipients">The addresses it is to; as they are in the row of the mail, where it has one, those count that have not got it.</param>
/// <param name="ReplyCodes">Codes of the mail server's replies in the message: <c>550 5.1.1</c>, or <c>550</c> where the reply has no enhanced code.</param>
/// <param name="Tags">The mail's tags as terms.</param>
internal sealed partial record FailureFacts(string? Sender, string? Subject, string[] Recipients, string[] ReplyCodes, string[] Tags)
{
    // A subject is one line of a mail; a foreign record's may be anything.
    private const int SubjectLength = 1_000;
    private const int MostRecipients = 1_000;
    private const int MessageLength = 16_384;

    /// <summary>Reads them.</summary>
    public static FailureFacts Of(DeadLetter record)
    {
        var mail = SendEmailJson.TryDeserialize(record.Value);
        return new FailureFacts(
            BareOf(mail?.From),
            mail?.Subject is { } subject ? Texts.Cut(subject, SubjectLength) : null,
            [.. (mail?.Recipients ?? []).Take(MostRecipients).Select(BareOf).OfType<string>()],
            ReplyCodesOf(record.Message),
            [.. (mail?.Tags ?? []).SelectMany(FailureTerms.Tag)]);
    }

    /// <summary>The codes of the replies that a message tells of, each once.</summary>
    internal static string[] ReplyCodesOf(string message) =>
    [
        .. Reply().Matches(message[..Math.Min(message.Length, MessageLength)])
            .Select(match => match.Groups["enhanced"].Success ? $"{match.Groups["code"].Value} {match.Groups["enhanced"].Value}" : match.Groups["code"].Value)
            .Distinct(StringComparer.Ordinal),
    ];

    private static string? BareOf(string? text) => text is not null && EmailAddress.TryParse(text, out var mailbox) ? mailbox.Address : null;

    /// <summary>RFC 5321, 4.2 and RFC 3463, 2: a refusal's code at the beginning, or behind what tells whose it is.</summary>
    [GeneratedRegex(@"(?:^|[:;(] ?)(?<code>[45][0-9]{2})(?:[ -](?<enhanced>[45]\.[0-9]{1,3}\.[0-9]{1,3}))?(?:[ )-]|$)", RegexOptions.NonBacktracking)]
    private static partial Regex Reply();
}
