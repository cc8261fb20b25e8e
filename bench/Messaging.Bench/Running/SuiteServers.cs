namespace Messaging.Bench.Running;

/// <summary>What a suite is measured on beside the broker; started before its first row and stopped after its last.</summary>
internal interface ISuiteServers : IAsyncDisposable
{
    /// <summary>What they are, a line each, for the head of a report.</summary>
    IReadOnlyList<string> Description { get; }

    /// <summary>Where they are, by name.</summary>
    IReadOnlyDictionary<string, string> Addresses { get; }
}
