using System.Text;
using Contracts.Validation;
using MimeKit;

namespace Consumer.Worker.Smtp;

/// <summary>
/// Writes the body of one header field and breaks it into lines (RFC 5322, section 2.2.3) where it may be broken: before a blank. What is
/// written is what is sent, in every line-breaking and encoding that MimeKit is asked for later.
/// </summary>
/// <param name="name">The field's name.</param>
internal sealed class HeaderLines(string name)
{
    // RFC 5322, 2.1.1: what a line should have at most. RFC 2047, section 2, has two less where an encoded word is in it.
    private const int PreferredLength = 76;

    private readonly StringBuilder _text = new();
    private int _column = name.Length + 1;
    private bool _any;

    /// <summary>A field of text for people.</summary>
    public static Header Text(string name, string text) => new HeaderLines(name).AddText(text).ToHeader();

    /// <summary>A field of mailboxes.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="mailboxes">The mailboxes.</param>
    /// <param name="ascii">
    /// Whether those that only SMTPUTF8 can carry are written as names without an address (an empty group, RFC 6857, section 3.1.8).
    /// </param>
    public static Header Mailboxes(string name, IReadOnlyList<Mailbox> mailboxes, bool ascii = false)
    {
        var lines = new HeaderLines(name);
        for (var i = 0; i < mailboxes.Count; i++)
            lines.AddMailbox(mailboxes[i], ascii, i == mailboxes.Count - 1 ? "" : ",");
        return lines.ToHeader();
    }

    /// <summary>A field that the caller added.</summary>
    public static Header Field(string name, HeaderField field) => field.Form switch
    {
        HeaderForm.Text => Text(name, field.Value),
        HeaderForm.Addresses => Mailboxes(name, field.Mailboxes),
        _ => new HeaderLines(name).AddPhrase(field.Phrase).AddWords(field.Value).ToHeader(),
    };

    private HeaderLines AddText(string text)
    {
        var words = Words(text);
        var first = text.StartsWith(' ') || text.StartsWith('\t') ? 0 : words.FindIndex(word => MustBeEncoded(text[word]));
        var last = text.EndsWith(' ') || text.EndsWith('\t') ? words.Count - 1 : words.FindLastIndex(word => MustBeEncoded(text[word]));
        if (first < 0 && last < 0)
            return AddWords(text);

        // From the first word to the last, with the blanks between: those between two encoded words are not shown (RFC 2047, 6.2).
        first = first < 0 ? last : first;
        last = Math.Max(first, last);
        AddWords(text[..words[first].Start.Value]);
        var encoded = text[words[first].Start.Value..words[last].End.Value];
        if (first > 0)
            AddEncoded(encoded[0], encoded[1..]);
        else
            AddEncoded(' ', encoded);
        return AddWords(text[words[last].End.Value..], follows: true);
    }

    /// <summary>A name before an address or an id: atoms as they are, else in quotes, or encoded.</summary>
    private HeaderLines AddPhrase(string phrase)
    {
        if (phrase.Length == 0)
            return this;
        if (!Ascii.IsValid(phrase) || EncodedWords.LooksLikeOne(phrase))
            return AddEncoded(' ', phrase);
        return phrase.Split(' ').All(atom => atom.Length > 0 && atom.All(IsAtomText))
            ? AddWords(phrase)
            : AddWords($"\"{phrase.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
    }

    private void AddMailbox(Mailbox mailbox, bool ascii, string comma)
    {
        if (ascii && mailbox.NeedsSmtpUtf8)
        {
            AddEncoded(' ', mailbox.DisplayName.Length == 0 ? mailbox.WireAddress : $"{mailbox.DisplayName} {mailbox.WireAddress}");
            Add($" :;{comma}");
            return;
        }

        AddPhrase(mailbox.DisplayName);
        // In one piece: a quoted local part may hold blanks.
        Add(mailbox.DisplayName.Length == 0 ? $" {mailbox.WireAddress}{comma}" : $" <{mailbox.WireAddress}>{comma}");
    }

    private HeaderLines AddWords(string text, bool follows = false)
    {
        foreach (var word in Words(text))
            Add(word.Start.Value == 0 && !follows ? $" {text[word]}" : text[word]);
        return this;
    }

    /// <summary>Encoded words of at most 75 characters, no character in two of them (RFC 2047, sections 2 and 5).</summary>
    private HeaderLines AddEncoded(char blank, string text)
    {
        foreach (var word in EncodedWords.Of(text, PreferredLength - _column - 1))
        {
            Add(blank + word);
            blank = ' ';
        }

        return this;
    }

    private void Add(string piece)
    {
        var octets = Encoding.UTF8.GetByteCount(piece);
        // The first piece stays beside the name where it can: some servers do not expect a line with a name alone.
        if (_column + octets > (_any || EncodedWords.LooksLikeOne(piece) ? PreferredLength : HeaderField.LineLength))
        {
            _text.Append('\n');
            _column = 0;
        }

        _text.Append(piece);
        _column += octets;
        _any = true;
    }

    private Header ToHeader()
    {
        var header = new Header(Encoding.UTF8, name, "");
        header.SetRawValue(Encoding.UTF8.GetBytes(_text.Append('\n').ToString()));
        return header;
    }

    /// <summary>The words of a text, each with the blanks before it, and the last one with those behind it.</summary>
    private static List<Range> Words(string text)
    {
        var words = new List<Range>();
        var start = 0;
        for (var i = 1; i < text.Length; i++)
        {
            if (IsBlank(text[i]) && !IsBlank(text[i - 1]) && !text.AsSpan(i).TrimStart(" \t").IsEmpty)
            {
                words.Add(start..i);
                start = i;
            }
        }

        if (text.Length > 0)
            words.Add(start..text.Length);
        return words;
    }

    private static bool MustBeEncoded(string word) =>
        !Ascii.IsValid(word) || EncodedWords.LooksLikeOne(word) || word.Length >= HeaderField.LineLength;

    private static bool IsBlank(char c) => c is ' ' or '\t';

    private static bool IsAtomText(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-/=?^_`{|}~".Contains(c, StringComparison.Ordinal);
}
