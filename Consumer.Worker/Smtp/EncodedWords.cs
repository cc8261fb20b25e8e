using System.Globalization;
using System.Text;

namespace Consumer.Worker.Smtp;

/// <summary>
/// Encoded words (RFC 2047), by which characters beyond ASCII stand in a header. They also keep a caller's text from being read as something
/// else: <c>=?utf-8?q?=0D=0A?=</c> is ASCII, and would be a line break after all.
/// </summary>
internal static class EncodedWords
{
    private const string Begin = "=?";
    private const int Length = 75;
    private const int Around = 12; // "=?utf-8?q?" and "?="
    private const int LongestCharacter = 12; // four octets, each as =XX

    /// <summary>Whether a text holds what a reader could take for an encoded word.</summary>
    public static bool LooksLikeOne(string text) => text.Contains(Begin, StringComparison.Ordinal);

    /// <summary>A text as encoded words, in the encoding that is shorter.</summary>
    /// <param name="text">The text.</param>
    /// <param name="room">How long the first word may be, where the line has begun; the others have 75 characters at most. A short room is not used.</param>
    public static List<string> Of(string text, int room)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var quoted = bytes.Sum(QuotedLength) <= (bytes.Length + 2) / 3 * 4;
        var words = new List<string>();
        var word = new List<byte>(Length);
        var limit = room < Around + LongestCharacter ? Length : Math.Min(room, Length);
        Span<byte> buffer = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var character = buffer[..rune.EncodeToUtf8(buffer)];
            if (word.Count > 0 && Measure(word, character, quoted) > limit)
                Flush();
            word.AddRange(character);
        }

        Flush();
        return words;

        void Flush()
        {
            words.Add(quoted ? $"=?utf-8?q?{Quote(word)}?=" : $"=?utf-8?b?{Convert.ToBase64String([.. word])}?=");
            word.Clear();
            limit = Length;
        }
    }

    private static int Measure(List<byte> word, ReadOnlySpan<byte> more, bool quoted)
    {
        if (!quoted)
            return Around + (word.Count + more.Length + 2) / 3 * 4;
        var length = Around + word.Sum(QuotedLength);
        foreach (var octet in more)
            length += QuotedLength(octet);
        return length;
    }

    private static string Quote(List<byte> word)
    {
        var text = new StringBuilder(Length);
        foreach (var octet in word)
        {
            if (octet == ' ')
                text.Append('_');
            else if (IsSafe(octet))
                text.Append((char)octet);
            else
                text.Append(CultureInfo.InvariantCulture, $"={octet:X2}");
        }

        return text.ToString();
    }

    private static int QuotedLength(byte octet) => IsSafe(octet) || octet == ' ' ? 1 : 3;

    // What stands for itself wherever an encoded word may stand, also in a name before an address (RFC 2047, section 5, rule 3).
    private static bool IsSafe(byte octet) => char.IsAsciiLetterOrDigit((char)octet) || (char)octet is '!' or '*' or '+' or '-' or '/';
}
