using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;

namespace Messaging.Bench.Running;

/// <summary>
/// Asks a broker for its version. No client tells it, so that this speaks ApiVersions itself
/// (https://kafka.apache.org/protocol#The_Messages_ApiVersions) and reads the cluster's level of <c>metadata.version</c>.
/// </summary>
internal static class KafkaVersion
{
    /// <summary>ApiVersions, version 3, correlation 1, client "bench"; then the compact strings "bench" and "1".</summary>
    private static readonly byte[] Request =
        [0, 18, 0, 3, 0, 0, 0, 1, 0, 5, .. "bench"u8, 0, 6, .. "bench"u8, 2, .. "1"u8, 0];

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>The levels of MetadataVersion.java, each the first of its release.</summary>
    private static readonly (int Level, string Release)[] Releases =
        [(30, "4.3 or later"), (28, "4.2"), (26, "4.1"), (22, "4.0"), (20, "3.9"), (16, "3.8"), (15, "3.7"), (12, "3.6"), (1, "3.0 to 3.5")];

    /// <summary>The version in words, for a person to read.</summary>
    public static async Task<string> OfAsync(string bootstrapServers)
    {
        var address = bootstrapServers.Split(',')[0].Split(':');
        using var timeout = new CancellationTokenSource(Timeout);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address[0], int.Parse(address[1], CultureInfo.InvariantCulture), timeout.Token);
            var stream = client.GetStream();
            var size = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(size, Request.Length);
            await stream.WriteAsync((byte[])[.. size, .. Request], timeout.Token);
            await stream.ReadExactlyAsync(size, timeout.Token);
            var answer = new byte[BinaryPrimitives.ReadInt32BigEndian(size)];
            await stream.ReadExactlyAsync(answer, timeout.Token);
            return InWords(answer);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or FormatException or IndexOutOfRangeException)
        {
            // Behind TLS or SASL nobody answers this; the measurement is the same.
            return "Kafka, version unknown";
        }
    }

    /// <summary>The feature stands among the supported ones first and among the finalized ones, with its level behind it, last.</summary>
    private static string InWords(ReadOnlySpan<byte> answer)
    {
        var name = "metadata.version"u8;
        var found = answer.LastIndexOf(name);
        if (found < 0 || found + name.Length + sizeof(short) > answer.Length)
            return "Kafka before 3.0";
        var level = BinaryPrimitives.ReadInt16BigEndian(answer[(found + name.Length)..]);
        var release = Array.Find(Releases, release => release.Level <= level).Release;
        return string.Create(CultureInfo.InvariantCulture, $"Kafka {release} (metadata.version {level})");
    }
}
