namespace Consumer.Worker.Smtp;

/// <summary>
/// Keeps a caller's text from being read as something else. What looks like an encoded word (RFC 2047) is ASCII, so MimeKit writes it
/// as it is, and the reader decodes it: <c>=?utf-8?q?=0D=0A?=</c> would be a line break after all. Such a text is encoded as a whole.
/// </summary>
internal static class EncodedWords
{
    private const string Begin = "=?";

    // 45 bytes are 60 characters of base64; with what stands around them 72, and 75 are allowed.
    private const int BytesPerWord = 45;

    /// <summary>The text, or the encoded words that stand for it where it holds what looks like one.</summary>
    public static string Literal(string text) => text.Contains(Begin, StringComparison.Ordinal) ? Encode(text) : text;

    private static string Encode(string text)
    {
        var words = new List<string>();
        var word = new List<byte>(BytesPerWord);
        Span<byte> character = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var length = rune.EncodeToUtf8(character);
            if (word.Count + length > BytesPerWord)
                Flush();
            word.AddRange(character[..length]);
        }

        Flush();
        // White space between encoded words is not shown (RFC 2047, 6.2).
        return string.Join(' ', words);

        void Flush()
        {
            words.Add($"=?utf-8?b?{Convert.ToBase64String([.. word])}?=");
            word.Clear();
        }
    }
}
