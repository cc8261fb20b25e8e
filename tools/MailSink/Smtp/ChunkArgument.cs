using System.Globalization;

namespace MailSink.Smtp;

/// <summary>The argument of BDAT (RFC 3030, 2).</summary>
/// <param name="Size">How many octets follow the command's line.</param>
/// <param name="IsLast">Whether they are the mail's last.</param>
/// <param name="IsWellFormed">Whether nothing else was said.</param>
internal readonly record struct ChunkArgument(long Size, bool IsLast, bool IsWellFormed)
{
    /// <summary>Null where no size is given: then nobody knows what follows.</summary>
    public static ChunkArgument? Parse(string argument)
    {
        var words = argument.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var size))
            return null;

        var last = words.Length > 1 && words[1].Equals("LAST", StringComparison.OrdinalIgnoreCase);
        return new ChunkArgument(size, last, IsWellFormed: words.Length == (last ? 2 : 1));
    }
}
