using System.Buffers.Binary;
using System.Buffers.Text;
using Persistence.Mails;
using Producer.Api.Requests;

namespace Producer.Api.Emails;

/// <summary>From where a page of mails goes on, as an opaque string for URLs.</summary>
internal static class MailCursor
{
    private const int Length = 1 + 8 + 16;

    public static string Write(MailPosition position)
    {
        Span<byte> bytes = stackalloc byte[Length];
        bytes[0] = position.IsBefore ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64BigEndian(bytes[1..], position.At.UtcTicks);
        position.Id.TryWriteBytes(bytes[9..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    /// <exception cref="FormatException">It is not one that <see cref="Write"/> made.</exception>
    public static MailPosition Parse(string text)
    {
        Span<byte> bytes = stackalloc byte[Length];
        if (!Base64Url.IsValid(text, out var length) || length != Length)
            throw Unknown(text);
        Base64Url.DecodeFromChars(text, bytes);
        var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes[1..]);
        if (bytes[0] > 1 || ticks < DateTimeOffset.UnixEpoch.Ticks || ticks > DateTimeOffset.MaxValue.Ticks)
            throw Unknown(text);
        return new MailPosition(new DateTimeOffset(ticks, TimeSpan.Zero), new Guid(bytes[9..], bigEndian: true), bytes[0] == 1);
    }

    private static FormatException Unknown(string text) =>
        new($"'{QueryTexts.Shown(text)}' is not a cursor of this list: pass the one that came with the page before, unchanged.");
}
