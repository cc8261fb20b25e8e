using System.Globalization;

namespace Consumer.Worker.Ledger;

/// <summary>What stands behind <c>Consumer.Worker ledger</c>.</summary>
/// <param name="Json">Whether JSON is printed.</param>
/// <param name="Repair">Whether what is found is put back.</param>
/// <param name="Since">From when on records that are younger than the database's newest mail are put back; null: none of them.</param>
/// <param name="Grace">The pause before a suspicion is looked at again.</param>
/// <param name="Limit">How many findings are named.</param>
/// <param name="Configuration">What remains: settings, as <c>--Kafka:BootstrapServers=…</c>.</param>
internal sealed record LedgerArguments(bool Json, bool Repair, DateTimeOffset? Since, TimeSpan Grace, int Limit, string[] Configuration)
{
    public const string Usage = """
        usage: Consumer.Worker ledger [--json] [--repair] [--since=TIME|all] [--grace=SECONDS] [--limit=N] [--SECTION:KEY=VALUE]...
          --json     prints JSON, with all that is missing
          --repair   writes again what is missing, under the same id
          --since    where the database is older than the topic's commits, as after a restore: puts back what was accepted from TIME on
          --grace    the pause before what looks wrong is looked at again; 5 by default
          --limit    how many of what is missing the table names; 100 by default
        ends with 0: nothing is missing; 3: something is; 4: something was, and all of it was put back; 1: it could not be read; 2: wrong usage
        """;

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="FormatException">One is not known, or not a number.</exception>
    public static LedgerArguments Read(string[] args)
    {
        var read = new LedgerArguments(Json: false, Repair: false, Since: null, TimeSpan.FromSeconds(5), Limit: 100, []);
        foreach (var arg in args)
        {
            read = arg.Split('=', 2) switch
            {
                ["--json"] => read with { Json = true },
                ["--repair"] => read with { Repair = true },
                ["--since", "all"] => read with { Since = DateTimeOffset.MinValue },
                ["--since", var time] => read with { Since = Time(arg, time) },
                ["--grace", var seconds] => read with { Grace = TimeSpan.FromSeconds(Number(arg, seconds, 3_600)) },
                ["--limit", var count] => read with { Limit = (int)Number(arg, count, int.MaxValue) },
                [var name, _] when name.StartsWith("--", StringComparison.Ordinal) && name.Contains(':', StringComparison.Ordinal) =>
                    read with { Configuration = [.. read.Configuration, arg] },
                _ => throw new FormatException($"'{arg}' is not known here"),
            };
        }

        return read;
    }

    private static DateTimeOffset Time(string arg, string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new FormatException($"'{arg}' needs a time such as 2026-05-04T12:00:00Z, or all");

    private static double Number(string arg, string text, double most) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number
            : throw new FormatException($"'{arg}' needs a number from 0 to {most.ToString(CultureInfo.InvariantCulture)}");
}
