using System.Buffers.Binary;
using System.Buffers.Text;

namespace Persistence.Failures;

/// <summary>The last row of a page, as an opaque string for URLs.</summary>
internal sealed record PageCursor(DateTimeOffset At, Guid Id)
{
    private const int Length = 8 + 16;

    public static PageCursor? Parse(string? text)
    {
        if (text is null)
            return null;
        Span<byte> bytes = stackalloc byte[Length];
        if (!Base64Url.IsValid(text, out var length) || length != Length)
            throw Unknown(text);
        Base64Url.DecodeFromChars(text, bytes);
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
        new($"'{text}' is not a cursor of this list: pass the one that came with the page before, unchanged.");
}
