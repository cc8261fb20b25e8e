using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using NUnit.Framework;

namespace Testing;

/// <summary>The ports of a <see cref="SecureKafka"/>, each with another security.</summary>
public enum SecurePort
{
    /// <summary>TLS and a login by PLAIN or SCRAM-SHA-512.</summary>
    Login,

    /// <summary>A login by PLAIN or SCRAM-SHA-512, without TLS.</summary>
    PlainLogin,

    /// <summary>TLS with a client certificate; its subject is the user.</summary>
    Mutual,

    /// <summary>TLS with a certificate that has expired.</summary>
    Expired,

    /// <summary>TLS with a certificate for another host.</summary>
    OtherHost,

    /// <summary>Neither: the administrator's.</summary>
    Admin,
}

/// <summary>
/// A broker of the caller's own with TLS, SASL and ACLs: nobody may do anything that an ACL does not allow, but the administrator, who needs no
/// login. Needs Docker. No topic is created by itself.
/// </summary>
public sealed class SecureKafka : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    private const string Authority = "authority";
    private const string Secrets = "/etc/kafka/secrets";

    private readonly IContainer _container;
    private readonly Dictionary<SecurePort, int> _ports = Enum.GetValues<SecurePort>().ToDictionary(port => port, _ => Ports.Free());
    private readonly IAdminClient _admin;
    private readonly string _directory = Path.Combine(Path.GetTempPath(), KafkaFixture.UniqueName("secure-kafka"));

    private SecureKafka()
    {
        Directory.CreateDirectory(_directory);
        AuthorityFile = Write("authority.pem", Certificates.Authority);
        _container = new ContainerBuilder(KafkaFixture.Image)
            .WithLabel(TestRun.Label, TestRun.Id)
            .WithEnvironment(Settings())
            .WithFiles(Files())
            .WithPorts(_ports.Values)
            .Build();
        _admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Servers(SecurePort.Admin) }).SetLogHandler((_, _) => { }).Build();
    }

    /// <summary>The authority that signed all of its certificates.</summary>
    public Certificates Certificates { get; } = new();

    /// <summary>Key and certificate of each port that has one, as one text.</summary>
    private Dictionary<SecurePort, string> KeyStores => field ??= new Dictionary<SecurePort, (string Certificate, string Key)>
    {
        [SecurePort.Login] = Certificates.Sign("broker"),
        [SecurePort.Mutual] = Certificates.Sign("broker"),
        [SecurePort.Expired] = Certificates.Sign("broker", expired: true),
        [SecurePort.OtherHost] = Certificates.Sign("broker", "kafka.example.com"),
    }.ToDictionary(store => store.Key, store => $"{store.Value.Key}\n{store.Value.Certificate}\n");

    /// <summary>The file with the authority's certificate.</summary>
    public string AuthorityFile { get; }

    /// <summary>Its records and offsets, as the administrator sees them.</summary>
    public KafkaRecords Records => new(Servers(SecurePort.Admin));

    /// <summary>The user that every <see cref="SecurePort.Login"/> knows by PLAIN, and its password.</summary>
    public static (string User, string Password) Known => ("mail", "mail-secret");

    /// <summary>Starts it; skips the calling test where no Docker engine answers.</summary>
    public static async Task<SecureKafka> StartAsync()
    {
        if (TestRun.WhyNoDocker is { } reason)
            Assert.Ignore($"needs a Kafka with TLS, SASL and ACLs: {reason}");

        var kafka = new SecureKafka();
        try
        {
            await kafka._container.BeginAsync();
            await Eventually.Until(() => kafka._admin.GetMetadata(TimeSpan.FromSeconds(3)).Brokers.Count == 1, Deadline, "the broker answers", kafka.DescribeAsync);
            return kafka;
        }
        catch
        {
            await kafka.DisposeAsync();
            throw;
        }
    }

    /// <summary>The address of a port, as clients take it.</summary>
    public string Servers(SecurePort port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_ports[port]}");

    /// <summary>Writes a file that is deleted with the broker.</summary>
    /// <returns>Its path.</returns>
    public string Write(string name, string content)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Allows a user what a line of docs/operations.md allows: operations on a resource.</summary>
    public Task AllowAsync(string user, ResourceType type, string name, bool prefixed, params AclOperation[] operations) =>
        _admin.CreateAclsAsync(operations.Select(operation => Acl(user, type, name, prefixed, operation)));

    /// <summary>Takes an operation away again.</summary>
    public Task DenyAsync(string user, ResourceType type, string name, bool prefixed, AclOperation operation) =>
        _admin.DeleteAclsAsync([Acl(user, type, name, prefixed, operation).ToFilter()]);

    /// <summary>Gives a user a password, by SCRAM.</summary>
    public Task SetPasswordAsync(string user, string password) => _admin.AlterUserScramCredentialsAsync(
    [
        new UserScramCredentialUpsertion
        {
            User = user,
            Password = System.Text.Encoding.UTF8.GetBytes(password),
            ScramCredentialInfo = new ScramCredentialInfo { Mechanism = ScramMechanism.ScramSha512, Iterations = 4096 },
        },
    ]);

    /// <summary>Ends all connections, as a restart of the broker does, and takes new ones.</summary>
    public async Task RestartAsync()
    {
        await _container.EndAsync();
        await _container.BeginAsync();
        await Eventually.Until(() => _admin.GetMetadata(TimeSpan.FromSeconds(3)).Brokers.Count == 1, Deadline, "the broker answers again", DescribeAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        await _container.RemoveAsync();
        Certificates.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static AclBinding Acl(string user, ResourceType type, string name, bool prefixed, AclOperation operation) => new()
    {
        Pattern = new ResourcePattern { Type = type, Name = name, ResourcePatternType = prefixed ? ResourcePatternType.Prefixed : ResourcePatternType.Literal },
        Entry = new AccessControlEntry { Principal = $"User:{user}", Host = "*", Operation = operation, PermissionType = AclPermissionType.Allow },
    };

    private static string Name(SecurePort port) => port.ToString().ToUpperInvariant();

    // The port inside the container is the one outside: the broker tells clients where it is.
    private Dictionary<string, string> Settings()
    {
        var listeners = string.Join(',', _ports.Select(port => string.Create(CultureInfo.InvariantCulture, $"{Name(port.Key)}://0.0.0.0:{port.Value}")));
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CLUSTER_ID"] = "bWVzc2FnaW5nLXRlc3RzLTE",
            ["KAFKA_NODE_ID"] = "1",
            ["KAFKA_PROCESS_ROLES"] = "broker,controller",
            ["KAFKA_CONTROLLER_QUORUM_VOTERS"] = "1@localhost:9093",
            ["KAFKA_CONTROLLER_LISTENER_NAMES"] = "CONTROLLER",
            ["KAFKA_LISTENERS"] = $"{listeners},CONTROLLER://:9093",
            ["KAFKA_ADVERTISED_LISTENERS"] = string.Join(',', _ports.Select(port => $"{Name(port.Key)}://{Servers(port.Key)}")),
            ["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"] = "LOGIN:SASL_SSL,PLAINLOGIN:SASL_PLAINTEXT,MUTUAL:SSL,EXPIRED:SSL,OTHERHOST:SSL,ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT",
            ["KAFKA_INTER_BROKER_LISTENER_NAME"] = "ADMIN",
            ["KAFKA_AUTHORIZER_CLASS_NAME"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            ["KAFKA_SUPER_USERS"] = "User:ANONYMOUS",
            ["KAFKA_LISTENER_NAME_MUTUAL_SSL_CLIENT_AUTH"] = "required",
            ["KAFKA_SSL_TRUSTSTORE_TYPE"] = "PEM",
            ["KAFKA_SSL_TRUSTSTORE_LOCATION"] = PathOf(Authority),
            ["KAFKA_SASL_ENABLED_MECHANISMS"] = "PLAIN,SCRAM-SHA-512",
            ["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] = "false",
            ["KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS"] = "8",
            ["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"] = "1",
            ["KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR"] = "1",
            ["KAFKA_TRANSACTION_STATE_LOG_MIN_ISR"] = "1",
            ["KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS"] = "0",
            ["KAFKA_HEAP_OPTS"] = "-Xms128m -Xmx512m",
        };
        foreach (var listener in new[] { SecurePort.Login, SecurePort.PlainLogin })
        {
            settings[$"KAFKA_LISTENER_NAME_{Name(listener)}_PLAIN_SASL_JAAS_CONFIG"] =
                $"org.apache.kafka.common.security.plain.PlainLoginModule required user_{Known.User}=\"{Known.Password}\";";
            settings[$"KAFKA_LISTENER_NAME_{Name(listener)}_SCRAM___SHA___512_SASL_JAAS_CONFIG"] = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
        }

        foreach (var listener in KeyStores.Keys)
        {
            settings[$"KAFKA_LISTENER_NAME_{Name(listener)}_SSL_KEYSTORE_TYPE"] = "PEM";
            settings[$"KAFKA_LISTENER_NAME_{Name(listener)}_SSL_KEYSTORE_LOCATION"] = PathOf(Name(listener));
        }

        return settings;
    }

    // As files, not as settings: an environment is for short texts.
    private IEnumerable<(string Path, string Content)> Files() =>
        KeyStores.Select(store => (PathOf(Name(store.Key)), store.Value)).Append((PathOf(Authority), Certificates.Authority));

    private static string PathOf(string name) => $"{Secrets}/{name}.pem";

    private async Task<string> DescribeAsync()
    {
        var (output, errors) = await _container.GetLogsAsync(timestampsEnabled: false);
        return $"{_container.State}\n{string.Join('\n', $"{output}{errors}".TrimEnd().Split('\n').TakeLast(20))}";
    }
}

internal static class SecureKafkaContainer
{
    public static ContainerBuilder WithPorts(this ContainerBuilder builder, IEnumerable<int> ports) =>
        ports.Aggregate(builder, (built, port) => built.WithPortBinding(port, port));

    public static ContainerBuilder WithFiles(this ContainerBuilder builder, IEnumerable<(string Path, string Content)> files) =>
        files.Aggregate(builder, (built, file) => built.WithResourceMapping(System.Text.Encoding.ASCII.GetBytes(file.Content), file.Path));
}
