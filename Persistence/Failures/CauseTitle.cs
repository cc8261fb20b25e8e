using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Contracts.Validation;
using Persistence.Text;

namespace Persistence.Failures;

/// <summary>
/// The cause of a failure in plain words, on one line: <c>550 5.1.1 No such user here (example.com)</c>, <c>The relay refuses logins: 535 5.7.8 Bad
/// credentials</c>. Made of what <see cref="Fingerprint"/> is made of, so that failures of one fingerprint have one <see cref="Summary"/>; addresses,
/// ids, numbers and control characters are left out of it; apart from that a foreign server's words are in it as they came.
/// </summary>
public sealed partial record CauseTitle
{
    // A line of a list, a subject, a button.
    private const int MaxLength = 160;

    private CauseTitle(string summary, string pattern)
    {
        Summary = Shown(summary);
        Pattern = pattern;
    }

    /// <summary>The title: the summary, and the domain of the recipients where all have the same.</summary>
    public string Text => Domain is null ? Summary : $"{Summary} ({Domain})";

    /// <summary>The title without the domain: the same for all failures of a fingerprint.</summary>
    public string Summary { get; }

    /// <summary>The exception's message without addresses, ids and numbers, as <see cref="Fingerprint"/> hashes it.</summary>
    public string Pattern { get; }

    /// <summary>The reply code of the mail server (RFC 5321 section 4.2); null where the message has none. Of several replies the one that the title names.</summary>
    public int? ReplyCode { get; private init; }

    /// <summary>Its enhanced status code (RFC 3463), such as <c>5.1.1</c>; null where the message has none.</summary>
    public string? EnhancedCode { get; private init; }

    /// <summary>The domain of the recipients that the message names, in lower case; null where it names none, or several have different ones.</summary>
    public string? Domain { get; private init; }

    /// <summary>The title of a failure.</summary>
    /// <param name="exceptionType">The type of the exception, with or without its namespace.</param>
    /// <param name="message">Its message, of any length.</param>
    public static CauseTitle Of(string exceptionType, string message)
    {
        ArgumentNullException.ThrowIfNull(exceptionType);
        ArgumentNullException.ThrowIfNull(message);
        var (lead, replies, domains) = Fingerprint.Split(message);
        var text = replies.Count > 0 ? replies[0] : Lead().Replace(lead, "");
        var reply = (replies.Count > 0 ? ReplyAtStart() : ReplyInside()).Match(text);
        var said = reply.Success ? Said(reply, text[(reply.Index + reply.Length)..]) : FirstSentence(Words(text));
        var rest = replies.Count switch { 0 or 1 => "", 2 => ", and another reply", var count => string.Create(CultureInfo.InvariantCulture, $", and {count - 1} other replies") };
        var summary = $"{Prefix(exceptionType, lead, reply.Success || replies.Count > 0)}{said}".TrimEnd(' ', ':');
        return new CauseTitle(summary.Length == 0 ? "Unknown" : Cut(summary, MaxLength - rest.Length) + rest, Fingerprint.Normalize(message))
        {
            ReplyCode = reply.Success ? int.Parse(reply.Groups["code"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : null,
            EnhancedCode = reply.Groups["enhanced"] is { Success: true, Value: var enhanced } ? enhanced : null,
            Domain = domains is [var domain] ? Shown(domain).ToLowerInvariant() : null,
        };
    }

    /// <inheritdoc />
    public override string ToString() => Text;

    private static string Prefix(string exceptionType, string lead, bool isReply)
    {
        if (Login().IsMatch(lead))
            return "The relay refuses logins: ";
        var name = exceptionType[(exceptionType.LastIndexOfAny(['.', ':', '+']) + 1)..];
        if (isReply)
            return "";
        // JsonException, and JsonReaderException, as which it is thrown.
        if (name.StartsWith("Json", StringComparison.Ordinal) || name is "SerializationException" or "InvalidDataException")
            return "The record cannot be read: ";
        // What the worker says itself needs no type with it; and where a record came without a fault its reason stands in the type's place.
        return exceptionType.StartsWith("Consumer.Worker", StringComparison.Ordinal) || !name.EndsWith("Exception", StringComparison.Ordinal) ? "" : $"{name}: ";
    }

    /// <summary>The reply in one way of writing, whichever of its lines the codes came from.</summary>
    private static string Said(Match reply, string text)
    {
        var said = new StringBuilder(reply.Groups["code"].Value);
        if (reply.Groups["enhanced"].Success)
            said.Append(' ').Append(reply.Groups["enhanced"].ValueSpan);
        // Whom it was said of comes first with many servers.
        var words = FirstSentence(Words(text).TrimStart(' ', '-', '…', ':', ','));
        return words.Length == 0 ? said.ToString() : said.Append(' ').Append(words).ToString();
    }

    private static string Words(string pattern) => LeftOut().Replace(pattern, "…").Trim();

    private static string FirstSentence(string text)
    {
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        return (end > 0 ? text[..end] : text).TrimEnd('.', ' ');
    }

    /// <summary>Without what is not seen, or would turn what stands beside it: it goes into headers, chats and terminals.</summary>
    private static string Shown(string text) => PostgresText.Clean(string.Concat(text.Where(c => !char.IsControl(c) && !Texts.IsBidiMark(c))));

    private static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        var end = text.LastIndexOf(' ', length - 1);
        end = end > length / 2 ? end : length - 1;
        return $"{text[..(char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)]}…";
    }

    [GeneratedRegex("^<n> recipients? not sent to(?: yet)?: ", RegexOptions.NonBacktracking)]
    private static partial Regex Lead();

    [GeneratedRegex(@"replied to AUTH: |the login was refused: ", RegexOptions.NonBacktracking)]
    private static partial Regex Login();

    [GeneratedRegex(@"<?<(?:address|n|id)>>?", RegexOptions.NonBacktracking)]
    private static partial Regex LeftOut();

    [GeneratedRegex(@"^(?<code>[245][0-9]{2})(?:[ -]+(?<enhanced>[245]\.[0-9]{1,3}\.[0-9]{1,3}))?(?:[ -]|$)", RegexOptions.NonBacktracking)]
    private static partial Regex ReplyAtStart();

    [GeneratedRegex(@"(?:^|: )(?<code>[245][0-9]{2})(?:[ -]+(?<enhanced>[245]\.[0-9]{1,3}\.[0-9]{1,3}))?(?:[ -]|$)", RegexOptions.NonBacktracking)]
    private static partial Regex ReplyInside();
}
