using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Messaging.Bench.Running;

/// <summary>What was measured against what had to be reached.</summary>
internal sealed class Report(BenchOptions options)
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<Result> _results = [];

    /// <summary>Whether every bar was reached.</summary>
    public bool AllMet => _results.TrueForAll(result => result.Met);

    /// <summary>Adds a row's lines.</summary>
    public void Add(Row row, List<Dictionary<string, Measurement>> rounds)
    {
        foreach (var line in row.Lines)
        {
            var subject = Spread.Of(rounds.Select(round => Value(round, line.Metric)));
            var peer = line.Peer is { } figure ? Spread.Of(rounds.Select(round => Value(round, figure))) : (Spread?)null;

            // Of the same round, so that what else the machine did meanwhile weighs on both.
            var ratio = line.Peer is { } other ? Spread.Of(rounds.Select(round => Value(round, line.Metric) / Value(round, other))) : (Spread?)null;
            var met = line.Bar.Met(subject.Median, peer?.Median ?? 0, ratio?.Median ?? 0);
            _results.Add(new Result($"{row.Name} {line.Name}", line.Unit, subject, peer, ratio, line.Bar, met));
        }
    }

    /// <summary>Prints the table, or a line of JSON a row.</summary>
    public void Print(TextWriter output)
    {
        if (options.Json)
        {
            foreach (var result in _results)
                output.WriteLine(JsonSerializer.Serialize(result.ToJson(), Json));
            return;
        }

        output.WriteLine();
        output.WriteLine(Columns("row", "unit", "subject (min to max)", "peer (min to max)", "ratio (min to max)", "bar", ""));
        foreach (var result in _results)
        {
            output.WriteLine(Columns(
                result.Name, result.Unit, result.Subject.ToString(), result.Peer?.ToString() ?? "", result.Ratio?.ToString() ?? "",
                result.Bar.ToString()!, result.Bar == Bar.None ? "" : result.Met ? "met" : "MISSED"));
        }

        output.WriteLine();
        output.WriteLine($"Medians of {options.Rounds} rounds; a ratio is that of one round.{(options.Scale < 1 ? " Scaled down: a quick look that proves nothing." : "")}");
    }

    private static double Value(Dictionary<string, Measurement> round, Figure figure) => round[figure.Side][figure.Name];

    private static string Columns(params string[] cells) =>
        $"{cells[0],-34} {cells[1],-6} {cells[2],-32} {cells[3],-32} {cells[4],-24} {cells[5],-24} {cells[6]}".TrimEnd();

    private sealed record Result(string Name, string Unit, Spread Subject, Spread? Peer, Spread? Ratio, Bar Bar, bool Met)
    {
        public ResultLine ToJson() => new(Name, Round(Subject.Median), Round(Peer?.Median), Round(Ratio?.Median), Bar == Bar.None ? null : Bar.ToString(), Met);

        private static double? Round(double? value) => value is { } number ? Math.Round(number, 3) : null;
    }

    private sealed record ResultLine(
        [property: JsonPropertyName("row")] string Row,
        [property: JsonPropertyName("subject")] double? Subject,
        [property: JsonPropertyName("peer")] double? Peer,
        [property: JsonPropertyName("ratio")] double? Ratio,
        [property: JsonPropertyName("bar")] string? Bar,
        [property: JsonPropertyName("met")] bool Met);
}

/// <summary>A figure over the rounds.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Spread(double Median, double Min, double Max)
{
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return new Spread(sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }

    public override string ToString() => $"{Text(Median)} ({Text(Min)} to {Text(Max)})";

    private static string Text(double number) => number.ToString(Math.Abs(number) >= 100 ? "#,0" : "0.##", CultureInfo.InvariantCulture);
}
