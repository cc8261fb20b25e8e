using System.Security.Cryptography;
using System.Text;

namespace MailSink.Smtp;

/// <summary>A user's name and password, as AUTH PLAIN (RFC 4616) and AUTH LOGIN carry them.</summary>
internal readonly record struct Credentials(string Username, string Password)
{
    /// <summary>Decodes "authorization identity NUL name NUL password"; null if it is anything else.</summary>
    public static Credentials? FromPlain(string? base64) =>
        Decode(base64)?.Split('\0') is [_, var username, var password] ? new Credentials(username, password) : null;

    public static string? Decode(string? base64)
    {
        // "=" is an empty response (RFC 4954, 4).
        if (base64 is null or "=")
            return base64 is null ? null : "";
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }

    public bool Match(SinkOptions options) =>
        FixedTimeEquals(Username, options.Username) & FixedTimeEquals(Password, options.Password);

    private static bool FixedTimeEquals(string given, string? expected) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected ?? ""));
}
