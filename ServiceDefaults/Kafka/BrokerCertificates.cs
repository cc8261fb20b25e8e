using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ServiceDefaults.Kafka;

/// <summary>
/// Says what is wrong with a broker's certificate, by a look of its own: of an unknown authority, an expired certificate and one for another
/// host librdkafka says the same. It looks in the background, since whoever asks must not wait; for any thread.
/// </summary>
/// <param name="authorities">The PEM file of the authorities; none means the system's.</param>
internal sealed class BrokerCertificates(string? authorities)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(string Host, int Port), string> _found = [];
    private readonly ConcurrentDictionary<(string Host, int Port), Task> _looks = [];

    /// <summary>What the last look has found; null where there was none yet, or it found nothing.</summary>
    public string? WhatIsWrong(string host, int port)
    {
        _ = _looks.GetOrAdd((host, port), LookAsync);
        return _found.GetValueOrDefault((host, port));
    }

    private async Task LookAsync((string Host, int Port) broker)
    {
        await Task.Yield();
        try
        {
            using var timeout = new CancellationTokenSource(Timeout);
            using var client = new TcpClient();
            await client.ConnectAsync(broker.Host, broker.Port, timeout.Token);
            await using var stream = new SslStream(client.GetStream());
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = broker.Host,
                    CertificateChainPolicy = Policy(),
                    RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
                    {
                        if (Problem(broker.Host, certificate as X509Certificate2, chain, errors) is { } problem)
                            _found[broker] = problem;
                        else
                            _found.TryRemove(broker, out _);
                        return false;
                    },
                },
                timeout.Token);
        }
        // The handshake ends here, always: the certificate was looked at by then, or could not be, and librdkafka's words must do.
        catch (Exception exception) when (exception is AuthenticationException or IOException or SocketException or OperationCanceledException or CryptographicException or UnauthorizedAccessException)
        {
        }

        await Task.Delay(Interval);
        _looks.TryRemove(broker, out _);
    }

    /// <summary>What is wrong with a certificate; null: nothing.</summary>
    private static string? Problem(string host, X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || errors == SslPolicyErrors.None)
            return null;
        if (chain?.ChainStatus.Any(status => status.Status.HasFlag(X509ChainStatusFlags.NotTimeValid)) == true)
            return $"the broker's certificate has expired, or is not valid yet: it is valid from {certificate.NotBefore:O} to {certificate.NotAfter:O}; renew it, or that of Kafka:CaLocation";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"the broker's certificate is for another host than {host} ({certificate.Subject}): Kafka:BootstrapServers, and the brokers' advertised.listeners, must name the brokers as their certificates do";
        return $"the broker's certificate is of an authority that is not trusted ({certificate.Issuer}): Kafka:CaLocation must hold the one that signed it";
    }

    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (string.IsNullOrEmpty(authorities))
            return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.ImportFromPemFile(authorities);
        return policy;
    }
}
