using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;

namespace MailSink;

/// <summary>Finds everything that is wrong with the options at once, each with its key, its value, what is allowed and how to fix it.</summary>
internal static class SinkOptionsValidator
{
    /// <exception cref="OptionsValidationException">At least one option is out of its range.</exception>
    public static void ThrowIfInvalid(SinkOptions options)
    {
        var failures = Check(options).ToList();
        if (failures.Count > 0)
            throw new OptionsValidationException(SinkOptions.Section, typeof(SinkOptions), failures);
    }

    public static IEnumerable<string> Check(SinkOptions options)
    {
        if (!IPAddress.TryParse(options.BindAddress, out _))
            yield return Wrong(nameof(options.BindAddress), options.BindAddress, "an IP address such as 127.0.0.1, or 0.0.0.0 for all");

        string?[] ranges =
        [
            Range(nameof(options.SmtpPort), options.SmtpPort, 0, 65_535),
            Range(nameof(options.HttpPort), options.HttpPort, 0, 65_535),
            Range(nameof(options.MaxMessages), options.MaxMessages, 1, 1_000_000),
            Range(nameof(options.MaxStoredBytes), options.MaxStoredBytes, 1024 * 1024, long.MaxValue),
            Range(nameof(options.MaxMessageBytes), options.MaxMessageBytes, 1024, 1024 * 1024 * 1024),
            Range(nameof(options.MaxConnections), options.MaxConnections, 1, 100_000),
            Range(nameof(options.MailsPerSecond), options.MailsPerSecond ?? 1, 1, 1_000_000),
            Range(nameof(options.MailsAtOnce), options.MailsAtOnce ?? 1, 1, 100_000),
            Range(nameof(options.MaxRecipients), options.MaxRecipients, 1, 1_000),
        ];
        foreach (var failure in ranges.OfType<string>())
            yield return failure;

        if (options.SmtpPort != 0 && options.SmtpPort == options.HttpPort)
            yield return Wrong(nameof(options.HttpPort), options.HttpPort, "a port other than Sink:SmtpPort");

        if (options.IdleTimeout < TimeSpan.FromSeconds(1) || options.IdleTimeout > TimeSpan.FromHours(1))
            yield return Wrong(nameof(options.IdleTimeout), options.IdleTimeout, "00:00:01 to 01:00:00");

        if (!Enum.IsDefined(options.Tls))
            yield return Wrong(nameof(options.Tls), options.Tls, string.Join(", ", Enum.GetNames<SinkTls>()));

        if (string.IsNullOrEmpty(options.Username) != string.IsNullOrEmpty(options.Password))
        {
            var missing = string.IsNullOrEmpty(options.Username) ? nameof(options.Username) : nameof(options.Password);
            yield return $"Sink:{missing} is missing: Sink:Username and Sink:Password go together; set both, or neither for no login.";
        }
    }

    private static string? Range(string key, long value, long from, long to) =>
        value >= from && value <= to ? null : Wrong(key, value, string.Create(CultureInfo.InvariantCulture, $"{from} to {to}"));

    private static string Wrong(string key, object? value, string allowed) => string.Create(
        CultureInfo.InvariantCulture,
        $"Sink:{key} is '{value}', allowed is {allowed}. Set it in the configuration, or as Sink__{key} in the environment.");
}
