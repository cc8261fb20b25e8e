using Microsoft.Extensions.Options;

namespace Consumer.Worker.Smtp;

/// <summary>Says at each start what somebody may have set by mistake, or forgotten.</summary>
internal sealed class SmtpWarnings(IOptions<SmtpOptions> options, RecipientRules rules, ILogger<SmtpWarnings> logger) : IHostedService
{
    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var warning in Of(options.Value, rules))
            logger.LogWarning("{Warning}", warning);
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal static IEnumerable<string> Of(SmtpOptions options, RecipientRules rules)
    {
        IEnumerable<string> warnings = rules.Note is { } note ? [note] : [];
        return warnings.Concat(new RelayOptions[] { options }.Concat(options.Relays.Values).SelectMany(Of)).Concat(Unused(options));
    }

    private static IEnumerable<string> Of(RelayOptions options)
    {
        if (options is { HasLogin: true, Security: SmtpSecurity.StartTlsWhenAvailable })
            yield return $"{options.Path}:Security is StartTlsWhenAvailable with a login: whoever stands between can take STARTTLS away and read the password. Set it to StartTls.";
        if (options is { HasLogin: true, Security: SmtpSecurity.None })
            yield return $"{options.Path}:Security is None with a login: the password goes over the network in plain text. Set it to StartTls or Tls.";
        if (!options.CheckCertificate && options.EffectiveSecurity != SmtpSecurity.None)
            yield return $"{options.Path}:CheckCertificate is false: whoever stands between can pass for the mail server, and read mails and password. Remove it, and let this machine trust the server's authority.";
    }

    private static IEnumerable<string> Unused(SmtpOptions options) =>
        from relay in options.Relays.Values
        where !options.Routes.Values.Any(route => IsOf(relay, route.Relay) || IsOf(relay, route.SecondRelay))
        select $"{relay.Path} describes a relay that no route names: no mail goes by it. Name it in Smtp:Routes, or remove it.";

    private static bool IsOf(RelayOptions relay, string? name) => string.Equals(relay.Name, name, StringComparison.OrdinalIgnoreCase);
}
