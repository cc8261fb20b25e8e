using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;
using Confluent.Kafka;
using MassTransit;

namespace Messaging.Bench.Running;

/// <summary>What the figures were measured on, so that a reader can judge them.</summary>
internal static class Machine
{
    public static string Describe(Broker broker)
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024);
        var gc = $"{(GCSettings.IsServerGC ? "server" : "workstation")} GC, {(GCSettings.LatencyMode == GCLatencyMode.Batch ? "not " : "")}concurrent";
        return string.Create(CultureInfo.InvariantCulture, $"""
            machine  {Environment.ProcessorCount} cores ({Processor()}), {memory:0.0} GiB, {RuntimeInformation.OSDescription}, load {Load()}
            runtime  {RuntimeInformation.FrameworkDescription}, {gc}, {BuildKind} build
            kafka    {broker.Description}; librdkafka {Library.VersionString}, Confluent.Kafka {Version<ClientConfig>()}, MassTransit {Version<IBus>()}
            """);
    }

    private static string BuildKind =>
#if DEBUG
        "Debug (its figures prove nothing)";
#else
        "Release";
#endif

    private static string Version<T>() => typeof(T).Assembly.GetName().Version?.ToString(3) ?? "?";

    private static string Processor() =>
        First("/proc/cpuinfo", "model name")?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>Of the last minute: figures of a machine that does other things as well are worth less.</summary>
    private static string Load() => First("/proc/loadavg", "")?.Split(' ')[0] ?? "unknown";

    private static string? First(string file, string start) =>
        File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal)) : null;
}
