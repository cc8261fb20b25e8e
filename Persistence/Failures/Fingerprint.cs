using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Persistence.Failures;

/// <summary>
/// What failures of one cause share. Made of the exception's type and of its message without what differs from mail to
/// mail: ids, addresses, numbers. SMTP codes stay, since 451 and 550 are different causes. Where a message tells of several recipients, each
/// reply counts once, in whatever order and however many recipients it was given for.
/// </summary>
public static partial class Fingerprint
{
    private const int HexLength = 16;

    // The cause stands at the beginning; what a server adds at length does not make it another one.
    private const int MessageLength = 1_000;

    // Of the replies to many recipients; what lies behind it seldom has one that did not come before.
    private const int ListLength = 16_384;

    // From this length on a word of letters and digits is an id: a queue id, a hash, a token.
    private const int IdLength = 8;

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    /// <summary>The fingerprint, 16 hexadecimal digits.</summary>
    /// <param name="exceptionType">The type of the exception.</param>
    /// <param name="message">Its message.</param>
    public static string Of(string exceptionType, string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var text = $"{exceptionType}\n{Normalize(message)}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..HexLength];
    }

    /// <summary>A message without what differs from mail to mail.</summary>
    internal static string Normalize(string message)
    {
        var (lead, replies, _) = Split(message);
        return replies.Count == 0 ? lead : $"{lead.Replace("<n> recipients", "<n> recipient", StringComparison.Ordinal)} {string.Join("; ", replies)}";
    }

    /// <summary>
    /// The parts of a message, without what differs from mail to mail: what it says before it tells of recipients, and the replies to them, each once and
    /// in order. No replies where it tells of none. The domains are those of the recipients.
    /// </summary>
    internal static (string Lead, IReadOnlyList<string> Replies, IReadOnlyList<string> Domains) Split(string message)
    {
        var list = message[..Math.Min(message.Length, ListLength)];
        var recipients = Recipient().Matches(list);
        if (recipients.Count == 0)
            return (NormalizeText(message), [], []);
        // The last reply may be cut.
        var complete = message.Length > ListLength && recipients.Count > 1 ? recipients.Count - 1 : recipients.Count;
        var replies = new SortedSet<string>(StringComparer.Ordinal);
        var domains = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < complete; i++)
        {
            var start = recipients[i].Index + recipients[i].Length;
            var end = i + 1 < recipients.Count ? recipients[i + 1].Index : list.Length;
            replies.Add(NormalizeText(list[start..end].TrimEnd(' ', ';')));
            domains.Add(recipients[i].Value.TrimEnd(' ', ':')[(recipients[i].Value.IndexOf('@', StringComparison.Ordinal) + 1)..]);
        }
        return (NormalizeText(list[..recipients[0].Index]), [.. replies], [.. domains]);
    }

    /// <summary>A recipient before the reply that it was given, in a list of such.</summary>
    [GeneratedRegex(@"(?:: |; )[^\s@]+@[^\s@]+: ", RegexOptions.NonBacktracking)]
    private static partial Regex Recipient();

    private static string NormalizeText(string message)
    {
        var rest = message.AsSpan(0, Math.Min(message.Length, MessageLength));
        var normal = new StringBuilder(rest.Length);
        while (!rest.IsEmpty)
        {
            var length = WordLength(rest);
            if (length > 0)
                AppendWord(normal, rest[..length]);
            else if (!char.IsWhiteSpace(rest[0]))
                normal.Append(rest[0]);
            else if (normal.Length > 0 && normal[^1] != ' ')
                normal.Append(' ');
            rest = rest[Math.Max(length, 1)..];
        }
        return normal.ToString().TrimEnd();
    }

    private static int WordLength(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && (char.IsLetterOrDigit(text[length]) || "@.-_+=%".Contains(text[length])))
            length++;
        return text[..length].TrimEnd('.').Length;
    }

    private static void AppendWord(StringBuilder normal, ReadOnlySpan<char> word)
    {
        if (word.IndexOf('@') > 0)
            normal.Append("<address>");
        else if (Guid.TryParse(word, out _))
            normal.Append("<id>");
        else
            AppendParts(normal, word);
    }

    private static void AppendParts(StringBuilder normal, ReadOnlySpan<char> word)
    {
        // A server's further lines join the codes by hyphens: 550-5.1.1.
        var first = true;
        foreach (var range in word.Split('-'))
        {
            if (!first)
                normal.Append('-');
            first = false;
            AppendPart(normal, word[range]);
        }
    }

    private static void AppendPart(StringBuilder normal, ReadOnlySpan<char> part)
    {
        if (!part.ContainsAnyInRange('0', '9') || IsReplyCode(part) || IsEnhancedCode(part))
            normal.Append(part);
        else if (!part.ContainsAnyExcept(NumberCharacters))
            normal.Append("<n>");
        else if (part.Length >= IdLength && part.IndexOf('.') < 0)
            normal.Append("<id>");
        else
            AppendWithoutNumbers(normal, part);
    }

    private static void AppendWithoutNumbers(StringBuilder normal, ReadOnlySpan<char> part)
    {
        for (var i = 0; i < part.Length; i++)
        {
            if (!char.IsAsciiDigit(part[i]))
                normal.Append(part[i]);
            else if (i == 0 || !char.IsAsciiDigit(part[i - 1]))
                normal.Append("<n>");
        }
    }

    /// <summary>RFC 5321, 4.2: three digits, of which the first says success, transient or permanent.</summary>
    private static bool IsReplyCode(ReadOnlySpan<char> part) =>
        part.Length == 3 && part[0] is ('2' or '4' or '5') && char.IsAsciiDigit(part[1]) && char.IsAsciiDigit(part[2]);

    /// <summary>RFC 3463, 2: class, subject and detail.</summary>
    private static bool IsEnhancedCode(ReadOnlySpan<char> part) =>
        part.Length is >= 5 and <= 9 && part[0] is ('2' or '4' or '5') && part[1] == '.'
        && part.Count('.') == 2 && !part.ContainsAnyExcept(NumberCharacters);
}
