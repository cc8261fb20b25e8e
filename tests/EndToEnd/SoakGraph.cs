using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Contracts;
using Shouldly;
using Testing;

namespace EndToEnd;

/// <summary>What a soak looked like: lag, members and memory every ten seconds, with the faults, as a table and as a picture.</summary>
internal sealed class SoakGraph : IAsyncDisposable
{
    private const int Width = 960, PanelHeight = 120, Gap = 34, Left = 60;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    private static readonly string[] Colors = ["#1f6feb", "#b35900", "#2d7d46"];

    private readonly RunningSystem _system;
    private readonly KafkaRecords _records;
    private readonly MailLoad _load;
    private readonly string[] _services;
    private readonly System.Diagnostics.Stopwatch _watch = System.Diagnostics.Stopwatch.StartNew();
    private readonly List<Sample> _samples = [];
    private readonly List<(TimeSpan At, string Fault)> _faults = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sampling;

    private SoakGraph(RunningSystem system, KafkaRecords records, MailLoad load, string[] services)
    {
        (_system, _records, _load, _services) = (system, records, load, services);
        _sampling = Task.Run(SampleAsync);
    }

    public static SoakGraph Start(RunningSystem system, KafkaRecords records, MailLoad load, string[] services) => new(system, records, load, services);

    public void Mark(string fault) => _faults.Add((_watch.Elapsed, fault));

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _sampling;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    /// <summary>No service has grown by more than half between the second quarter and the last: the first is start and compilation.</summary>
    public void ShouldHaveFlatMemory()
    {
        var quarter = _samples.Count / 4;
        for (var service = 0; service < _services.Length; service++)
        {
            var early = Median(_samples.Skip(quarter).Take(quarter), service);
            Median(_samples.TakeLast(quarter), service).ShouldBeLessThan(early * 1.5, $"MiB of {_services[service]}, {early:0} in the second quarter");
        }
    }

    /// <summary>Writes <c>NAME.csv</c> and <c>NAME.svg</c>.</summary>
    /// <returns>The picture.</returns>
    public string Write(string name)
    {
        var table = new StringBuilder($"seconds,accepted,lag,members,{string.Join(',', _services.Select(service => $"{service}_mib"))}\n");
        foreach (var sample in _samples)
            table.AppendLine(Invariant($"{sample.At.TotalSeconds:0},{sample.Accepted},{sample.Lag},{sample.Members},{string.Join(',', sample.Memory.Select(mib => Invariant($"{mib:0}")))}"));
        File.WriteAllText($"{name}.csv", table.ToString());
        File.WriteAllText($"{name}.svg", Picture());
        return $"{name}.svg";
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static double Median(IEnumerable<Sample> samples, int service)
    {
        var sorted = samples.Select(sample => sample.Memory[service]).Where(mib => mib > 0).Order().ToList();
        return sorted.Count == 0 ? 0 : sorted[sorted.Count / 2];
    }

    private async Task SampleAsync()
    {
        using var timer = new PeriodicTimer(Every);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
                _samples.Add(new Sample(_watch.Elapsed, _load.Accepted.Count, Lag(), Members(), [.. _services.Select(Memory)]));
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }
    }

    /// <summary>Null while Kafka does not say.</summary>
    private long? Lag()
    {
        try
        {
            return _records.Lag(Groups.EmailSend, Topics.EmailSend);
        }
        catch (KafkaException)
        {
            return null;
        }
    }

    private int? Members()
    {
        try
        {
            return _system.MembersOf(Groups.EmailSend);
        }
        catch (KafkaException)
        {
            return null;
        }
    }

    /// <summary>Resident memory in MiB; 0 while there is no process.</summary>
    private double Memory(string service)
    {
        try
        {
            var line = File.ReadLines($"/proc/{_system.ProcessOf(service)}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
        }
        catch (Exception exception) when (exception is IOException or KeyNotFoundException or InvalidOperationException)
        {
            return 0;
        }
    }

    private string Picture()
    {
        var height = (3 * (PanelHeight + Gap)) + 10;
        var svg = new StringBuilder(Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" font-family=\"sans-serif\" font-size=\"11\">"));
        svg.AppendLine(Invariant($"<rect width=\"{Width}\" height=\"{height}\" fill=\"#ffffff\"/>"));
        Panel(svg, 0, "records not read yet (email.send)", [("", sample => sample.Lag)]);
        Panel(svg, 1, "members of email-send-group", [("", sample => sample.Members)]);
        Panel(svg, 2, "memory in MiB", [.. _services.Select((name, index) => (name, (Func<Sample, double?>)(sample => sample.Memory[index] > 0 ? sample.Memory[index] : null)))]);
        svg.AppendLine("</svg>");
        return svg.ToString();
    }

    private void Panel(StringBuilder svg, int panel, string title, (string Name, Func<Sample, double?> Value)[] lines)
    {
        var top = (panel * (PanelHeight + Gap)) + 22;
        var end = Math.Max(_samples[^1].At.TotalSeconds, 1);
        var most = Math.Max(lines.Max(line => _samples.Max(sample => line.Value(sample) ?? 0)), 1);
        double X(TimeSpan at) => Left + (at.TotalSeconds / end * (Width - Left - 10));
        svg.AppendLine(Invariant($"<text x=\"{Left}\" y=\"{top - 6}\" fill=\"#222\">{title}{(lines.Length > 1 ? ": " : "")}{string.Concat(lines.Where(line => line.Name != "").Select((line, index) => Invariant($"<tspan fill=\"{Colors[index]}\"> {line.Name}</tspan>")))}</text>"));
        svg.AppendLine(Invariant($"<text x=\"4\" y=\"{top + 10}\" fill=\"#666\">{most:0}</text><text x=\"4\" y=\"{top + PanelHeight}\" fill=\"#666\">0</text>"));
        foreach (var (at, fault) in _faults)
            svg.AppendLine(Invariant($"<line x1=\"{X(at):0.0}\" x2=\"{X(at):0.0}\" y1=\"{top}\" y2=\"{top + PanelHeight}\" stroke=\"#ddd\"><title>{fault}</title></line>"));
        for (var index = 0; index < lines.Length; index++)
        {
            var points = _samples.Where(sample => lines[index].Value(sample) is not null)
                .Select(sample => Invariant($"{X(sample.At):0.0},{top + PanelHeight - (lines[index].Value(sample)!.Value / most * PanelHeight):0.0}"));
            svg.AppendLine(Invariant($"<polyline fill=\"none\" stroke=\"{Colors[index]}\" stroke-width=\"1.2\" points=\"{string.Join(' ', points)}\"/>"));
        }

        svg.AppendLine(Invariant($"<line x1=\"{Left}\" x2=\"{Width - 10}\" y1=\"{top + PanelHeight}\" y2=\"{top + PanelHeight}\" stroke=\"#999\"/><text x=\"{Width - 10}\" y=\"{top + PanelHeight + 12}\" text-anchor=\"end\" fill=\"#666\">{end / 60:0} min</text>"));
    }

    private sealed record Sample(TimeSpan At, int Accepted, long? Lag, int? Members, double[] Memory);
}
