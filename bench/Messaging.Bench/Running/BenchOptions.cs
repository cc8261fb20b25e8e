using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Messaging.Bench.Running;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchOptions(bool Json, int Rounds, double Scale, IReadOnlyList<Row> Rows)
{
    private const int DefaultRounds = 3;

    public static bool TryParse(string[] args, Suite suite, [NotNullWhen(true)] out BenchOptions? options, [NotNullWhen(false)] out string? problem)
    {
        var (json, rounds, scale) = (false, DefaultRounds, 1.0);
        var rows = new List<Row>();
        (options, problem) = (null, null);
        for (var i = 0; i < args.Length && problem is null; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            switch (args[i])
            {
                case "--json":
                    json = true;
                    continue;
                case "--rounds":
                    if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out rounds) || rounds < 1)
                        problem = $"--rounds is '{value}', and must be a whole number from 1";
                    break;
                case "--scale":
                    if (!double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out scale) || scale is <= 0 or > 1)
                        problem = $"--scale is '{value}', and must be a number above 0 and up to 1";
                    break;
                case "--only":
                    if (suite.Rows.FirstOrDefault(row => row.Name == value) is { } found)
                        rows.Add(found);
                    else
                        problem = $"--only is '{value}', and must be one of: {string.Join(", ", suite.Rows.Select(row => row.Name))}";
                    break;
                default:
                    problem = $"there is no option '{args[i]}'";
                    break;
            }

            i++;
        }

        if (problem is not null)
            return false;
        options = new BenchOptions(json, rounds, scale, rows.Count == 0 ? suite.Rows : rows);
        return true;
    }
}
