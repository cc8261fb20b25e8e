using Confluent.Kafka;
using MassTransit;

namespace Messaging.Kafka.Configuration;

/// <inheritdoc cref="IKafkaSslConfigurator"/>
internal sealed class SslConfigurator(ClientConfig config) : IKafkaSslConfigurator
{
    public string? CaLocation
    {
        set => config.SslCaLocation = value;
    }

    public string? SslCaPem
    {
        set => config.SslCaPem = value;
    }

    public string? CrlLocation
    {
        set => config.SslCrlLocation = value;
    }

    public string? CertificateLocation
    {
        set => config.SslCertificateLocation = value;
    }

    public string? CertificatePem
    {
        set => config.SslCertificatePem = value;
    }

    public string? KeyLocation
    {
        set => config.SslKeyLocation = value;
    }

    public string? KeyPem
    {
        set => config.SslKeyPem = value;
    }

    public string? KeyPassword
    {
        set => config.SslKeyPassword = value;
    }

    public string? KeystoreLocation
    {
        set => config.SslKeystoreLocation = value;
    }

    public string? KeystorePassword
    {
        set => config.SslKeystorePassword = value;
    }

    public string? CipherSuites
    {
        set => config.SslCipherSuites = value;
    }

    public string? CurvesList
    {
        set => config.SslCurvesList = value;
    }

    public string? SigalgsList
    {
        set => config.SslSigalgsList = value;
    }

    public bool? EnableCertificateVerification
    {
        set => config.EnableSslCertificateVerification = value;
    }

    public SslEndpointIdentificationAlgorithm? EndpointIdentificationAlgorithm
    {
        set => config.SslEndpointIdentificationAlgorithm = value;
    }
}
