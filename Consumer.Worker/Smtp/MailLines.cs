namespace Consumer.Worker.Smtp;

/// <summary>
/// Ends of lines. In a mail a line ends with CR LF, and neither stands alone (RFC 5321, section 2.3.8): a server that takes a lone one for the
/// end of a line could read a second mail out of the first.
/// </summary>
internal static class MailLines
{
    private const byte Cr = (byte)'\r';
    private const byte Lf = (byte)'\n';

    /// <summary>A text whose lines all end with CR LF.</summary>
    public static string ToCrLf(string text) => text.AsSpan().ContainsAny('\r', '\n')
        ? text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Replace("\n", "\r\n", StringComparison.Ordinal)
        : text;

    /// <summary>The same for bytes.</summary>
    public static byte[] ToCrLf(ReadOnlySpan<byte> bytes)
    {
        var lines = new List<byte>(bytes.Length + bytes.Length / 32);
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] is not (Cr or Lf))
            {
                lines.Add(bytes[i]);
                continue;
            }

            lines.Add(Cr);
            lines.Add(Lf);
            if (bytes[i] == Cr && i + 1 < bytes.Length && bytes[i + 1] == Lf)
                i++;
        }

        return [.. lines];
    }
}
