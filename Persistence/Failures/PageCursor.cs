using System.Buffers.Binary;
using System.Buffers.Text;

namespace Persistence.Failures;

/// <summary>The last row of a page, as an opaque word for URLs.</summary>
internal sealed record PageCursor(DateTimeOffset At, Guid Id)
{
    private const int Length = 8 + 16;

    public static PageCursor? Parse(string? text)
    {
        if (text is null)
            return null;
        Span<byte> bytes = stackalloc byte[Length];
        // The length first: a longer text would not fit, whatever it says.
        if (Base64Url.GetEncodedLength(Length) != text.Length || !Base64Url.TryDecodeFromChars(text, bytes, out var written) || written != Length)
            throw Unknown(text);
        var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
        if (ticks < DateTimeOffset.MinValue.Ticks || ticks > DateTimeOffset.MaxValue.Ticks)
            throw Unknown(text);
        return new PageCursor(new DateTimeOffset(ticks, TimeSpan.Zero), new Guid(bytes[8..], bigEndian: true));
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, At.UtcTicks);
        Id.TryWriteBytes(bytes[8..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    private static FormatException Unknown(string text) =>
        new($"'{text}' is no cursor of this list: pass the one that came with the page before, unchanged.");
}
