using Confluent.Kafka;
using Messaging.Kafka.Inspection;
using Persistence;
using Persistence.Failures;
using Persistence.Schema;
using ServiceDefaults.Database;
using ServiceDefaults.Kafka;
using ServiceDefaults.Start;

namespace Consumer.Worker.DeadLetters;

/// <summary>
/// <c>Consumer.Worker rebuild-failures</c>: reads the whole dead-letter topic and makes the failures that Postgres lacks. Those that are there stay
/// as people have left them; of those that a worker of before wrote what they are found by is filled in. Nobody is alerted. It may be run at any
/// time, beside the workers, and again.
/// </summary>
internal static class RebuildVerb
{
    /// <summary>All were read.</summary>
    public const int Rebuilt = 0;

    /// <summary>Kafka or Postgres did not respond: those that were counted until then are rebuilt.</summary>
    public const int Unread = 1;

    /// <summary>The arguments are wrong.</summary>
    public const int WrongUsage = 2;

    private const int AtOnce = 32;
    private const int Batch = 64;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Runs it.</summary>
    /// <param name="args">The arguments after the verb: configuration alone.</param>
    /// <param name="names">The topics and groups; null: those of the configuration.</param>
    /// <param name="output">Where it says what it has done.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, MailTopics? names, TextWriter output)
    {
        if (args.FirstOrDefault(argument => !argument.StartsWith("--", StringComparison.Ordinal)) is { } unknown)
        {
            await output.WriteLineAsync($"rebuild-failures: '{unknown}' is not known here; it takes settings alone, such as --Database:ConnectionString=…");
            return WrongUsage;
        }

        var builder = Host.CreateApplicationBuilder(args);
        builder.Logging.ClearProviders().AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddDatabase().AddKafkaInspection();
        using var host = builder.Build();
        host.Services.ValidateOptions();
        using var interruption = new Interruption();
        var counts = new Counts();
        try
        {
            await RebuildAsync(host.Services, MailTopics.Of(builder.Configuration, names), counts, interruption.Token);
            await output.WriteLineAsync($"rebuild-failures: {counts}");
            return Rebuilt;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            await output.WriteLineAsync($"rebuild-failures: interrupted. {counts}");
        }
        catch (KafkaException exception)
        {
            await output.WriteLineAsync($"rebuild-failures: Kafka could not be read: {exception.Error.Reason}. {counts}");
        }
        catch (Exception exception) when (PostgresErrors.IsPassing(exception))
        {
            await output.WriteLineAsync($"rebuild-failures: Postgres does not respond: {PostgresErrors.Explain(exception)}. {counts}");
        }

        return Unread;
    }

    private static async Task RebuildAsync(IServiceProvider services, MailTopics names, Counts counts, CancellationToken cancellationToken)
    {
        if (await services.GetRequiredService<SchemaCheck>().CompareAsync(cancellationToken) is { IsUsable: false } difference)
            throw SchemaMismatchException.For(difference);
        var kafka = services.GetRequiredService<KafkaInspector>();
        var partitions = await kafka.ListAsync(topic => topic == names.DeadLetters, Timeout, cancellationToken);
        if (partitions.Count == 0)
            throw new KafkaException(new Error(ErrorCode.UnknownTopicOrPart, $"Kafka has no topic {names.DeadLetters}, or the brokers deny DESCRIBE on it"));
        List<PartitionStretch> stretches =
        [
            .. (await kafka.RangesAsync(partitions, Timeout, cancellationToken)).Select(range =>
                new PartitionStretch(range.Partition.Topic, range.Partition.Partition.Value, range.Beginning, range.End)),
        ];
        var failures = services.GetRequiredService<FailureStore>();
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(RebuildVerb));
        foreach (var records in services.GetRequiredService<TopicReader>().Read(stretches, Timeout, cancellationToken).Chunk(Batch))
        {
            // Those of one mail in their order: a failure that failed again is linked with the one before, which is there then.
            await Parallel.ForEachAsync(
                records.Select(record => DeadLetterReader.Read(record, names)).GroupBy(letter => letter.MailId ?? Guid.NewGuid()),
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
                async (lettersOfMail, cancel) =>
                {
                    foreach (var letter in lettersOfMail)
                        counts.Add((await DeadLetterProjector.ProjectAsync(failures, letter, isRebuild: true, logger, cancel)).Kind);
                });
        }
    }

    private sealed class Counts
    {
        private readonly int[] _counts = new int[Enum.GetValues<ProjectionKind>().Length];

        public void Add(ProjectionKind kind) => Interlocked.Increment(ref _counts[(int)kind]);

        public override string ToString() =>
            $"{_counts.Sum()} dead letters read: {Of(ProjectionKind.New)} failures rebuilt, {Of(ProjectionKind.Known)} there already, "
            + $"{Of(ProjectionKind.Copy)} copies of others, {Of(ProjectionKind.Removed)} removed by retention";

        private int Of(ProjectionKind kind) => Volatile.Read(ref _counts[(int)kind]);
    }
}
