using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Consumer.Worker.Alerts;

/// <summary>Signs as Standard Webhooks 1.0 has it: HMAC-SHA256 over id, time and body. Pure.</summary>
internal static class WebhookSignature
{
    private const string Prefix = "whsec_";

    /// <summary>The bytes of a secret; null where it is none: <c>whsec_</c> and 24 to 64 bytes in base64.</summary>
    public static byte[]? Key(string secret)
    {
        if (!secret.StartsWith(Prefix, StringComparison.Ordinal) || !Base64.IsValid(secret.AsSpan(Prefix.Length)))
            return null;
        var key = Convert.FromBase64String(secret[Prefix.Length..]);
        return key.Length is >= 24 and <= 64 ? key : null;
    }

    /// <summary>The value of <c>webhook-signature</c>.</summary>
    /// <param name="key">The secret's bytes.</param>
    /// <param name="id">The value of <c>webhook-id</c>.</param>
    /// <param name="unixSeconds">The value of <c>webhook-timestamp</c>.</param>
    /// <param name="body">The body's bytes, as they are sent.</param>
    public static string Of(byte[] key, string id, long unixSeconds, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{unixSeconds}.")), .. body];
        return $"v1,{Convert.ToBase64String(HMACSHA256.HashData(key, signed))}";
    }
}
