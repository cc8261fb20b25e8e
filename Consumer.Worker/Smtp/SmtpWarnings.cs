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
        if (rules.Note is { } note)
            yield return note;
        if (options is { HasLogin: true, Security: SmtpSecurity.StartTlsWhenAvailable })
            yield return "Smtp:Security is StartTlsWhenAvailable with a login: whoever stands between can take STARTTLS away and read the password. Set it to StartTls.";
        if (options is { HasLogin: true, Security: SmtpSecurity.None })
            yield return "Smtp:Security is None with a login: the password goes over the network in plain text. Set it to StartTls or Tls.";
        if (!options.CheckCertificate && options.EffectiveSecurity != SmtpSecurity.None)
            yield return "Smtp:CheckCertificate is false: whoever stands between can pass for the mail server, and read mails and password. Remove it, and let this machine trust the server's authority.";
    }
}
