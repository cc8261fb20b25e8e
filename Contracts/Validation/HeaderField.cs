using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Contracts.Validation;

/// <summary>What a header field's value is made of, which decides how characters beyond ASCII are written in it.</summary>
public enum HeaderForm
{
    /// <summary>Text for people, or of no known structure: encoded words (RFC 2047).</summary>
    Text,

    /// <summary>Tokens that programs read: ASCII alone.</summary>
    Token,

    /// <summary>URLs in angle brackets (RFC 2369): percent-encoded.</summary>
    Urls,

    /// <summary>A name and an id in angle brackets (RFC 2919): the name in encoded words, the id in A-labels.</summary>
    ListId,

    /// <summary>Message ids (RFC 5322, section 3.6.4), which must not be changed: by SMTPUTF8 alone.</summary>
    MessageIds,

    /// <summary>Mailboxes: names in encoded words, domains in A-labels, what stands before the @ by SMTPUTF8 alone.</summary>
    Addresses,
}

/// <summary>A header field that a caller adds, taken apart as its name demands. Read by the validation and by what writes the mail alike.</summary>
/// <param name="Form">What it is made of.</param>
/// <param name="Value">Its text as it is written, without what stands in the other two; <see cref="HeaderForm.Text"/> is still to be encoded.</param>
/// <param name="Phrase">Of a <see cref="HeaderForm.ListId"/> the name before the id.</param>
/// <param name="Mailboxes">Of <see cref="HeaderForm.Addresses"/> each.</param>
public sealed record HeaderField(HeaderForm Form, string Value, string Phrase, IReadOnlyList<Mailbox> Mailboxes)
{
    /// <summary>Octets of a line without its end (RFC 5322, section 2.1.1).</summary>
    public const int LineLength = 998;

    private static readonly Dictionary<string, HeaderForm> Forms = new(StringComparer.OrdinalIgnoreCase)
    {
        ["List-Unsubscribe"] = HeaderForm.Urls,
        ["List-Subscribe"] = HeaderForm.Urls,
        ["List-Help"] = HeaderForm.Urls,
        ["List-Post"] = HeaderForm.Urls,
        ["List-Owner"] = HeaderForm.Urls,
        ["List-Archive"] = HeaderForm.Urls,
        ["Archived-At"] = HeaderForm.Urls,
        ["List-ID"] = HeaderForm.ListId,
        ["References"] = HeaderForm.MessageIds,
        ["In-Reply-To"] = HeaderForm.MessageIds,
        ["Original-Message-ID"] = HeaderForm.MessageIds,
        ["Supersedes"] = HeaderForm.MessageIds,
        ["Disposition-Notification-To"] = HeaderForm.Addresses,
        ["Return-Receipt-To"] = HeaderForm.Addresses,
        ["Mail-Reply-To"] = HeaderForm.Addresses,
        ["Mail-Followup-To"] = HeaderForm.Addresses,
        ["List-Unsubscribe-Post"] = HeaderForm.Token,
        ["Auto-Submitted"] = HeaderForm.Token,
        ["Precedence"] = HeaderForm.Token,
        ["Importance"] = HeaderForm.Token,
        ["Priority"] = HeaderForm.Token,
        ["Sensitivity"] = HeaderForm.Token,
        ["X-Priority"] = HeaderForm.Token,
        ["X-Auto-Response-Suppress"] = HeaderForm.Token,
        ["Disposition-Notification-Options"] = HeaderForm.Token,
        ["Expires"] = HeaderForm.Token,
    };

    /// <summary>Whether only SMTPUTF8 can carry it (RFC 6531).</summary>
    public bool NeedsSmtpUtf8 => Form == HeaderForm.Addresses ? Mailboxes.Any(mailbox => mailbox.NeedsSmtpUtf8) : Form != HeaderForm.Text && !Ascii.IsValid(Value);

    /// <summary>Takes a header field apart; false where its value is none that a mail can have under that name.</summary>
    public static bool TryRead(string name, string value, [NotNullWhen(true)] out HeaderField? field) => Read(name, value, out field) is null && field is not null;

    /// <summary>Takes a header field apart.</summary>
    /// <returns>What is wrong with it, its code and the reason to follow the field's name; <c>null</c> where nothing is.</returns>
    internal static (string Code, string Reason)? Read(string name, string value, out HeaderField? field)
    {
        field = null;
        if (!Texts.IsOneLine(value))
            return (ValidationCodes.InvalidText, Texts.OneLineRule);

        // Blanks around the value of a header are not part of it.
        var text = value.Trim(' ', '\t');
        var form = Forms.GetValueOrDefault(name, HeaderForm.Text);
        var error = form switch
        {
            HeaderForm.Token => OfTokens(text, out field),
            HeaderForm.Urls => OfUrls(text, out field),
            HeaderForm.ListId => OfListId(text, out field),
            HeaderForm.MessageIds => OfMessageIds(text, out field),
            HeaderForm.Addresses => OfAddresses(text, out field),
            _ => OfText(text, out field),
        };
        return error ?? (Unfoldable(field!) is { } octets
            ? (ValidationCodes.TooLong, $"has {octets} octets without a blank at which its line could be broken; a line has at most {LineLength} (RFC 5322, section 2.1.1)")
            : null);
    }

    private static (string, string)? OfText(string text, out HeaderField? field)
    {
        field = new HeaderField(HeaderForm.Text, text, "", []);
        return null;
    }

    private static (string, string)? OfTokens(string text, out HeaderField? field)
    {
        field = new HeaderField(HeaderForm.Token, text, "", []);
        return Ascii.IsValid(text) ? null : (ValidationCodes.InvalidText, "holds characters beyond ASCII, which programs do not read in this header");
    }

    private static (string, string)? OfUrls(string text, out HeaderField? field)
    {
        field = HeaderUrls.TryToAscii(text, out var ascii) ? new HeaderField(HeaderForm.Urls, ascii, "", []) : null;
        return field is null
            ? (ValidationCodes.InvalidText, "holds characters beyond ASCII outside of a URL in angle brackets, or a host name that is not valid; <https://example.com/u> is expected")
            : null;
    }

    private static (string, string)? OfListId(string text, out HeaderField? field)
    {
        field = null;
        if (!text.EndsWith('>') && Ascii.IsValid(text))
        {
            field = new HeaderField(HeaderForm.ListId, text, "", []);
            return null;
        }

        if (text.EndsWith('>') && DisplayNames.TrySplit(text, out var phrase, out var id) && (Ascii.IsValid(id) || DomainName.TryToAscii(id, out id)))
            field = new HeaderField(HeaderForm.ListId, $"<{id}>", phrase, []);
        return field is null ? (ValidationCodes.InvalidText, "is not a valid list id; one such as Offers <offers.example.com> is expected (RFC 2919)") : null;
    }

    private static (string, string)? OfMessageIds(string text, out HeaderField? field)
    {
        // A list without blanks could not be broken into lines.
        field = new HeaderField(HeaderForm.MessageIds, text.Replace("><", "> <", StringComparison.Ordinal), "", []);
        return InvisibleCharacters.FirstIn(text) is { } invisible ? (ValidationCodes.InvalidText, $"holds {invisible}, which no message id has") : null;
    }

    private static (string, string)? OfAddresses(string text, out HeaderField? field)
    {
        var mailboxes = new List<Mailbox>();
        field = new HeaderField(HeaderForm.Addresses, "", "", mailboxes);
        foreach (var part in AddressesIn(text))
        {
            if (EmailAddress.Explain(part) is { } reason)
                return (ValidationCodes.InvalidAddress, reason);
            if (EmailAddress.TryParse(part, out var mailbox))
                mailboxes.Add(mailbox);
        }

        return null;
    }

    private static IEnumerable<string> AddressesIn(string text)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"' && DisplayNames.EndOfQuoted(text, i) is > 0 and var end)
                i = end;
            if (text[i] != ',')
                continue;
            yield return text[start..i];
            start = i + 1;
        }

        yield return text[start..];
    }

    /// <summary>The octets of the first stretch that no line can hold. Words beyond ASCII in a text are encoded, in as many pieces as it takes.</summary>
    private static int? Unfoldable(HeaderField field)
    {
        var from = 0;
        for (var i = 0; i <= field.Value.Length; i++)
        {
            // A line may be broken before the blanks that a word follows.
            if (i < field.Value.Length && (field.Value[i] is not (' ' or '\t') || i == 0 || field.Value[i - 1] is ' ' or '\t'))
                continue;
            var stretch = field.Value.AsSpan(from..i);
            if (field.Form != HeaderForm.Text || Ascii.IsValid(stretch))
            {
                // At the beginning stands a blank that is not in the value.
                var octets = Encoding.UTF8.GetByteCount(stretch) + (from == 0 ? 1 : 0);
                if (octets > LineLength)
                    return octets;
            }

            from = i;
        }

        return null;
    }
}
