using System.Text.Json;
using Consumer.Worker.Ledger;
using Consumer.Worker.Tests.Hosting;
using Shouldly;

namespace Consumer.Worker.Tests.Ledger;

/// <summary>The verb, as it is called on a worker's topics and database.</summary>
internal sealed record LedgerCommand(int ExitCode, JsonElement Report, string Talk)
{
    public IReadOnlyList<JsonElement> Findings => [.. Report.GetProperty("findings").EnumerateArray()];

    public IReadOnlyList<string> Notes => [.. Report.GetProperty("notes").EnumerateArray().Select(note => note.GetString()!)];

    public static async Task<LedgerCommand> RunAsync(RunningWorker worker, params string[] arguments)
    {
        var output = new StringWriter();
        var talk = new StringWriter();
        var exitCode = await LedgerVerb.RunAsync(
            ["--json", "--grace=0.2", .. arguments, .. Settings(worker)],
            worker.Topics, output, talk);
        var text = output.ToString();
        text.ShouldNotBeEmpty($"exit code {exitCode}: {talk}");
        return new LedgerCommand(exitCode, JsonDocument.Parse(text).RootElement, talk.ToString());
    }

    /// <summary>Where a verb finds the worker's Kafka and Postgres.</summary>
    public static string[] Settings(RunningWorker worker) =>
        [$"--Kafka:BootstrapServers={worker.Kafka.BootstrapServers}", $"--Database:ConnectionString={worker.ConnectionString}"];

    public void ShouldBeClean(string because = "")
    {
        ExitCode.ShouldBe(LedgerVerb.Clean, $"{because} {Report} {Talk}");
        Findings.ShouldBeEmpty();
    }

    public long Records(string which) => Report.GetProperty("records").GetProperty(which).GetInt64();

    public static string Text(JsonElement finding, string name) => finding.GetProperty(name).ToString();
}
