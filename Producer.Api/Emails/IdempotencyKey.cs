using Microsoft.Extensions.Primitives;

namespace Producer.Api.Emails;

/// <summary>The request header that makes a repeated post the same mail.</summary>
internal static class IdempotencyKey
{
    public const string HeaderName = "Idempotency-Key";
    public const int MaxLength = 255;

    /// <summary>Takes the key out of the headers; false, with the reason, where there is one that cannot be taken.</summary>
    public static bool TryRead(StringValues header, out string? key, out string? fault)
    {
        key = header.Count == 1 ? header[0] ?? "" : null;
        fault = header.Count > 1 ? $"{HeaderName} is given {header.Count} times; give it once."
            : key is not null && !IsAllowed(key) ? $"{HeaderName} has {key.Length} characters; 1 to {MaxLength} printable ASCII characters are allowed."
            : null;
        return fault is null;
    }

    private static bool IsAllowed(string key) => key.Length is > 0 and <= MaxLength && key.All(c => c is >= ' ' and <= '~');
}
