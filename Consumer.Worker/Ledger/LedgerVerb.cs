using Confluent.Kafka;
using Messaging.Kafka.Inspection;
using Persistence;
using Persistence.Ledger;
using Persistence.Schema;
using Persistence.Stats;
using ServiceDefaults.Database;
using ServiceDefaults.Kafka;
using ServiceDefaults.Start;

namespace Consumer.Worker.Ledger;

/// <summary><c>Consumer.Worker ledger</c>: proves that no mail is lost, names what is missing, and with <c>--repair</c> puts it back.</summary>
internal static class LedgerVerb
{
    /// <summary>Nothing is missing.</summary>
    public const int Clean = 0;

    /// <summary>Kafka or Postgres could not be read: nothing is known.</summary>
    public const int Unread = 1;

    /// <summary>The arguments are wrong.</summary>
    public const int WrongUsage = 2;

    /// <summary>Something is missing.</summary>
    public const int Missing = 3;

    /// <summary>Something was missing, and all of it was put back.</summary>
    public const int PutBack = 4;

    /// <summary>How many findings are remembered of a run.</summary>
    private const int RememberedFindings = 100;

    /// <summary>Runs it.</summary>
    /// <param name="args">The arguments after the verb.</param>
    /// <param name="names">The topics and groups; null: those of the configuration.</param>
    /// <param name="output">Where the report goes.</param>
    /// <param name="talk">Where progress and log go.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, MailTopics? names, TextWriter output, TextWriter talk)
    {
        LedgerArguments arguments;
        try
        {
            arguments = LedgerArguments.Read(args);
        }
        catch (FormatException exception)
        {
            await talk.WriteLineAsync($"ledger: {exception.Message}{Environment.NewLine}{LedgerArguments.Usage}");
            return WrongUsage;
        }

        using var host = Build(arguments);
        host.Services.ValidateOptions();
        using var interruption = new Interruption();
        try
        {
            return await RunAsync(host.Services, arguments, MailTopics.Of(host.Services.GetRequiredService<IConfiguration>(), names), output, talk, interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            await talk.WriteLineAsync("ledger: interrupted, nothing is known");
            return Unread;
        }
        catch (KafkaException exception)
        {
            await talk.WriteLineAsync($"ledger: Kafka could not be read, nothing is known: {exception.Error.Reason}");
            return Unread;
        }
        catch (Exception exception) when (PostgresErrors.IsPassing(exception))
        {
            await talk.WriteLineAsync($"ledger: Postgres could not be read, nothing is known: {exception.Message}");
            return Unread;
        }
    }

    private static async Task<int> RunAsync(
        IServiceProvider services, LedgerArguments arguments, MailTopics names, TextWriter output, TextWriter talk, CancellationToken cancellationToken)
    {
        if (await services.GetRequiredService<SchemaCheck>().CompareAsync(cancellationToken) is { IsUsable: false } difference)
            throw SchemaMismatchException.For(difference);
        var run = new LedgerRun(
            services.GetRequiredService<KafkaInspector>(), services.GetRequiredService<TopicReader>(), services.GetRequiredService<LedgerStore>(), services.GetRequiredService<DeletedRecordStore>(),
            services.GetRequiredService<StatsStore>(), names, services.GetRequiredService<TimeProvider>(), line => talk.WriteLine($"ledger: {line}"));
        var report = await run.ProveAsync(arguments.Grace, cancellationToken);
        if (arguments.Repair && !report.Clean)
            await RepairAsync(services, arguments, names, report, talk, cancellationToken);
        await RememberAsync(services, report, talk, cancellationToken);

        if (arguments.Json)
            await LedgerPrint.WriteJsonAsync(output, report);
        else
            await LedgerPrint.WriteTextAsync(output, report, arguments.Limit);
        return report.Clean ? Clean : report.Findings.All(finding => finding.Repaired) ? PutBack : Missing;
    }

    /// <summary>For those who look later. What was found is known all the same where that cannot be written.</summary>
    private static async Task RememberAsync(IServiceProvider services, LedgerReport report, TextWriter talk, CancellationToken cancellationToken)
    {
        try
        {
            var run = new LedgerRunSummary(
                report.At, services.GetRequiredService<TimeProvider>().GetUtcNow(), report.Records.Read, report.Findings.Count, report.Findings.Count(finding => finding.Repaired));
            await services.GetRequiredService<LedgerRunStore>().AddAsync(run, LedgerPrint.ToJson(report with { Findings = [.. report.Findings.Take(RememberedFindings)] }), cancellationToken);
        }
        catch (Exception exception) when (PostgresErrors.IsPassing(exception))
        {
            await talk.WriteLineAsync($"ledger: the run could not be remembered in email.ledger_runs: {PostgresErrors.Explain(exception)}");
        }
    }

    private static async Task RepairAsync(
        IServiceProvider services, LedgerArguments arguments, MailTopics names, LedgerReport report, TextWriter talk, CancellationToken cancellationToken)
    {
        var cluster = services.GetRequiredService<ClusterGuard>();
        if (await cluster.LookAsync(cancellationToken) != ClusterRelation.Own)
        {
            await talk.WriteLineAsync($"ledger: nothing is repaired. {cluster.Problem ?? "Whether the database belongs to this Kafka cluster could not be read."}");
            return;
        }

        await ActivatorUtilities.CreateInstance<LedgerRepair>(services, names).RepairAsync(RestoredRecords.Allow(report, arguments.Since), cancellationToken);
    }

    private static IHost Build(LedgerArguments arguments)
    {
        var builder = Host.CreateApplicationBuilder(arguments.Configuration);
        // Standard output is the report's alone.
        builder.Logging.ClearProviders().AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddDatabase().AddClusterGuard();
        return builder.Build();
    }
}
