using System.Net;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using ServiceDefaults.Configuration;

namespace Consumer.Worker.Smtp;

/// <summary>Logs a connection in, with one mechanism: a wrong password is tried once, and not by each mechanism that the server offers.</summary>
internal sealed class SmtpLogin(IOptions<RelayOptions> options, SmtpAvailability availability, OAuthTokens? tokens = null)
{
    private const int UnknownMechanism = 504;

    // Under TLS nobody reads the password, and what every server can check comes first: one that stores hashes may offer SCRAM without being able to.
    private static readonly string[] UnderTls = ["PLAIN", "LOGIN", "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "DIGEST-MD5", "NTLM"];

    // In plain text the password goes over the network only where nothing else is offered.
    private static readonly string[] InPlainText = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "DIGEST-MD5", "NTLM", "PLAIN", "LOGIN"];

    /// <summary>What is known of the server.</summary>
    public KnownServer Server => availability.Server;

    /// <summary>Logs in.</summary>
    /// <exception cref="UnusableServerException">The server offers no mechanism that can be used.</exception>
    /// <exception cref="AuthenticationException">It refuses the login.</exception>
    public async Task LoginAsync(SmtpClient client, CancellationToken cancellationToken)
    {
        if (!client.IsSecure && Server.TookLoginOverTls)
            throw new UnusableServerException("it offers no TLS now, over which it took the login before; the password is not sent in plain text");
        await (options.Value.HasOAuth ? WithTokenAsync(client, cancellationToken) : WithPasswordAsync(client, cancellationToken));
        Server.TookLoginOverTls |= client.IsSecure;
    }

    private async Task WithTokenAsync(SmtpClient client, CancellationToken cancellationToken)
    {
        // RFC 7628, or Google's and Microsoft's own form of it, which is older.
        var isStandard = client.AuthenticationMechanisms.Contains("OAUTHBEARER");
        if (!isStandard && !client.AuthenticationMechanisms.Contains("XOAUTH2"))
            throw NoMechanism(client);
        var token = await tokens!.GetAsync(cancellationToken);
        try
        {
            await client.AuthenticateAsync(isStandard ? new SaslMechanismOAuthBearer(options.Value.Username!, token) : new SaslMechanismOAuth2(options.Value.Username!, token), cancellationToken);
        }
        catch (AuthenticationException)
        {
            tokens.Forget(token);
            throw;
        }
    }

    private async Task WithPasswordAsync(SmtpClient client, CancellationToken cancellationToken)
    {
        var offered = (client.IsSecure ? UnderTls : InPlainText).Where(client.AuthenticationMechanisms.Contains).ToList();
        var credentials = new NetworkCredential(options.Value.Username, SecretFile.Current(options.Value.Password, options.Value.PasswordFile) ?? "");
        foreach (var mechanism in offered)
        {
            try
            {
                await client.AuthenticateAsync(SaslMechanism.Create(mechanism, credentials)!, cancellationToken);
                return;
            }
            // RFC 4954 section 4: offered, and not known after all. The server has judged no password.
            catch (AuthenticationException exception) when (SmtpReply.From(exception)?.Code == UnknownMechanism && mechanism != offered[^1])
            {
            }
        }

        if (offered.Count == 0)
            throw NoMechanism(client);
    }

    /// <summary>Why a server that offers the wrong mechanisms, or none, cannot be logged in to.</summary>
    private static UnusableServerException NoMechanism(SmtpClient client) => new(client.AuthenticationMechanisms.Count == 0
        ? $"it offers no login{(client.IsSecure ? "" : " without TLS")}"
        : $"it offers only logins that this worker cannot use ({string.Join(", ", client.AuthenticationMechanisms.Order(StringComparer.Ordinal))})");
}

/// <summary>Nothing was refused and nothing was lost: the server lacks what the settings ask for. The message goes on after a colon.</summary>
internal sealed class UnusableServerException(string message) : Exception(message);
