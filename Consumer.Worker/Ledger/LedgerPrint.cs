using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Persistence.Text;

namespace Consumer.Worker.Ledger;

/// <summary>Prints the report: a table for people, JSON for programs.</summary>
internal static class LedgerPrint
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static Task WriteJsonAsync(TextWriter output, LedgerReport report) => output.WriteLineAsync(ToJson(report));

    /// <summary>The report as JSON.</summary>
    public static string ToJson(LedgerReport report) => JsonSerializer.Serialize(report, Json);

    /// <summary>The table.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="report">The report.</param>
    /// <param name="limit">How many findings are named; the rest is counted.</param>
    public static async Task WriteTextAsync(TextWriter output, LedgerReport report, int limit)
    {
        foreach (var line in Lines(report, limit))
            await output.WriteLineAsync(line);
    }

    private static IEnumerable<string> Lines(LedgerReport report, int limit)
    {
        yield return $"{string.Join(", ", report.Topics)}, read up to what {report.Group} has committed";
        foreach (var topic in report.Partitions.GroupBy(partition => partition.Topic))
        {
            yield return "";
            yield return $"  {topic.Key}";
            yield return $"  {"partition",9} {"from",12} {"to",12} {"end",12}";
            foreach (var partition in topic)
                yield return $"  {partition.Partition,9} {Count(partition.From),12} {Count(partition.To),12} {Count(partition.End),12}";
        }

        foreach (var line in Sums("records", report.Records.Read,
            [
                ("with their mail's row", report.Records.WithRow), ("with a failure", report.Records.WithFailure),
                ("dead letter still to be read", report.Records.DeadLetterUnread), ("written again, still to be read", report.Records.UnderWay),
                ("older than the retention keeps", report.Records.OlderThanRetention), ("another installation's", report.Records.OtherInstallation), ("with nothing", report.Records.Missing),
            ]))
            yield return line;
        foreach (var line in Sums("still to be read", report.Unread.Values.Sum(), report.Unread.Select(topic => (topic.Key, topic.Value))))
            yield return line;
        foreach (var line in Sums("mails with a row", report.Mails.Values.Sum(), report.Mails.Select(state => (state.Key, state.Value))))
            yield return line;
        foreach (var line in Sums("unfinished, moved on by", report.Unfinished.Lease + report.Unfinished.Replay + report.Unfinished.Schedule + report.Unfinished.Record + report.Unfinished.Nothing,
            [
                ("the lease of its worker", report.Unfinished.Lease), ("a replay that was asked for", report.Unfinished.Replay),
                ("its time, or the end of its hold", report.Unfinished.Schedule), ("a record still to be read", report.Unfinished.Record), ("nothing", report.Unfinished.Nothing),
            ]))
            yield return line;
        yield return "";
        foreach (var note in report.Notes)
            yield return $"note: {note}";
        foreach (var finding in report.Findings.Take(limit))
            yield return Text(finding);
        if (report.Findings.Count > limit)
            yield return $"and {Count(report.Findings.Count - limit)} more; --json names all";
        yield return Verdict(report);
    }

    private static IEnumerable<string> Sums(string what, long sum, IEnumerable<(string What, long Count)> parts)
    {
        yield return "";
        yield return $"  {what,-34} {Count(sum),12}";
        foreach (var (part, count) in parts)
            yield return $"    {part,-32} {Count(count),12}";
    }

    private static string Text(Finding finding)
    {
        var mail = finding.MailId is { } id ? $"mail {id}, epoch {finding.Epoch}, attempt {finding.Attempt}" : "records";
        var subject = finding.Subject is { } text ? $" \"{text}\"" : "";
        var state = finding.State is { } known ? $" ({known.ToText()})" : "";
        var place = finding.Offset is { } offset ? string.Create(CultureInfo.InvariantCulture, $" [{finding.Topic}/{finding.Partition} at {offset}]") : "";
        var repair = finding.Repair is { } done ? $". {(finding.Repaired ? "Put back" : "Not put back")}: {done}" : "";
        return $"missing: {mail}{subject}{state}{place}: {finding.Why}{repair}";
    }

    private static string Verdict(LedgerReport report)
    {
        if (report.Clean)
            return "clean: every record that was read has its end in the database, and every unfinished mail will be moved on";
        var repaired = report.Findings.Count(finding => finding.Repaired);
        return repaired == 0
            ? $"{Count(report.Findings.Count)} missing"
            : $"{Count(report.Findings.Count)} missing, {Count(repaired)} of them put back; run the ledger again to see their end";
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
