using Confluent.Kafka;
using MassTransit;

namespace Messaging.Kafka.Configuration;

/// <inheritdoc cref="IKafkaSaslConfigurator"/>
internal sealed class SaslConfigurator(HostClientConfig config) : IKafkaSaslConfigurator
{
    public SaslMechanism? Mechanism
    {
        set => config.SaslMechanism = value;
    }

    public SecurityProtocol? SecurityProtocol
    {
        set => config.SecurityProtocol = value;
    }

    public string? Username
    {
        set => config.SaslUsername = value;
    }

    public string? Password
    {
        set => config.SaslPassword = value;
    }

    public Func<string?>? PasswordProvider
    {
        set
        {
            config.Password = value;
            config.SaslPassword = value?.Invoke();
        }
    }

    public string? OauthbearerTokenEndpointUrl
    {
        set
        {
            config.SaslOauthbearerMethod = value is null ? null : SaslOauthbearerMethod.Oidc;
            config.SaslOauthbearerTokenEndpointUrl = value;
        }
    }

    public string? OauthbearerClientId
    {
        set => config.SaslOauthbearerClientId = value;
    }

    public string? OauthbearerClientSecret
    {
        set => config.SaslOauthbearerClientSecret = value;
    }

    public string? OauthbearerScope
    {
        set => config.SaslOauthbearerScope = value;
    }

    public string? OauthbearerConfig
    {
        set => config.SaslOauthbearerConfig = value;
    }

    public bool? EnableOauthbearerUnsecureJwt
    {
        set => config.EnableSaslOauthbearerUnsecureJwt = value;
    }

    public string? KerberosServiceName
    {
        set => config.SaslKerberosServiceName = value;
    }

    public string? KerberosPrincipal
    {
        set => config.SaslKerberosPrincipal = value;
    }

    public string? KerberosKinitCmd
    {
        set => config.SaslKerberosKinitCmd = value;
    }

    public string? KerberosKeytab
    {
        set => config.SaslKerberosKeytab = value;
    }

    public int? KerberosMinTimeBeforeRelogin
    {
        set => config.SaslKerberosMinTimeBeforeRelogin = value;
    }
}
