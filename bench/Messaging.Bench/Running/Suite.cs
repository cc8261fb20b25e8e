namespace Messaging.Bench.Running;

/// <summary>Rows that are measured together: <c>bench NAME</c>.</summary>
/// <param name="Name">The suite.</param>
/// <param name="Records">The record of a number, to fill topics with.</param>
/// <param name="Rows">What is measured.</param>
/// <param name="StartServersAsync">Starts what is needed beside the broker; null where nothing is.</param>
internal sealed record Suite(
    string Name, Func<int, BenchRecord> Records, IReadOnlyList<Row> Rows, Func<CancellationToken, Task<ISuiteServers>>? StartServersAsync = null);

/// <summary>
/// One thing that is measured: a subject and its peers, each in a process of its own, in turn, round after round. What is compared
/// stands in its lines.
/// </summary>
internal sealed record Row(string Name, string What)
{
    /// <summary>How many records are measured.</summary>
    public required int Records { get; init; }

    /// <summary>How many records of another topic each process handles before it measures, so that what it measures is compiled.</summary>
    public required int WarmUp { get; init; }

    /// <summary>Where the records come from.</summary>
    public required RecordSource Source { get; init; }

    /// <summary>The record of a number; null: the suite's.</summary>
    public Func<int, BenchRecord>? Record { get; init; }

    /// <summary>The subject and its peers.</summary>
    public required IReadOnlyList<Side> Sides { get; init; }

    /// <summary>What is compared.</summary>
    public required IReadOnlyList<Line> Lines { get; init; }
}

/// <summary>Which topic a measurement is given.</summary>
internal enum RecordSource
{
    /// <summary>A topic with the row's records in it that is read again by every measurement: nothing is written to it.</summary>
    SharedBacklog,

    /// <summary>A new topic with the row's records in it for each measurement.</summary>
    OwnBacklog,

    /// <summary>A new and empty topic for each measurement.</summary>
    Empty,
}

/// <summary>The subject or a peer of a row.</summary>
/// <param name="Name">Its name in the row.</param>
/// <param name="MeasureAsync">Measures, in a process that does nothing else.</param>
internal sealed record Side(string Name, Func<ScenarioInput, Task<Measurement>> MeasureAsync);

/// <summary>What a measurement is given.</summary>
/// <param name="BootstrapServers">The broker.</param>
/// <param name="Topic">The topic to measure on.</param>
/// <param name="WarmUpTopic">The topic to warm up on.</param>
/// <param name="Records">How many records to measure.</param>
/// <param name="WarmUp">How many records to warm up with.</param>
/// <param name="Scale">By how much the row is scaled down, for what is not counted in records.</param>
internal sealed record ScenarioInput(string BootstrapServers, string Topic, string WarmUpTopic, int Records, int WarmUp, double Scale)
{
    /// <summary>Where the suite's other servers are, by name.</summary>
    public IReadOnlyDictionary<string, string> Servers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>One comparison of a row.</summary>
/// <param name="Name">What it is called behind the row's name.</param>
/// <param name="Metric">The figure, of the subject.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Peer">Whose figure it is compared with; null where the bar is absolute.</param>
/// <param name="Bar">What must be reached.</param>
internal sealed record Line(string Name, Figure Metric, string Unit, Figure? Peer, Bar Bar);

/// <summary>A figure that a side has measured.</summary>
internal readonly record struct Figure(string Side, string Name);
