using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace InMemoryKafka;

/// <summary>What the program was asked to do.</summary>
internal abstract partial record CommandLine
{
    public const string Usage = """
        usage: InMemoryKafka [--end-with-stdin] [TOPIC]...
                 runs a Kafka in memory on a free port of 127.0.0.1, with these topics; its first line is the address
                 --end-with-stdin   end when standard input is closed, so that it never outlives who started it
               InMemoryKafka produce BOOTSTRAP_SERVERS TOPIC [KEY]
                 writes standard input as the value of one record, byte for byte, to any Kafka
        """;

    private const string EndWithStdin = "--end-with-stdin";

    /// <summary>Run a cluster.</summary>
    public sealed record Run(IReadOnlyList<string> Topics, bool EndsWithStdin) : CommandLine;

    /// <summary>Write one record.</summary>
    public sealed record Produce(string BootstrapServers, string Topic, string? Key) : CommandLine;

    /// <summary>Reads the arguments; where they are wrong, all that is wrong with them.</summary>
    public static bool TryParse(string[] arguments, [NotNullWhen(true)] out CommandLine? command, out IReadOnlyList<string> errors)
    {
        command = null;
        if (arguments is ["produce", .. var rest])
        {
            if (rest.Length is not (2 or 3))
            {
                errors = [$"produce takes BOOTSTRAP_SERVERS, TOPIC and perhaps KEY, but got {rest.Length} arguments"];
                return false;
            }

            command = new Produce(rest[0], rest[1], rest.ElementAtOrDefault(2));
            errors = [.. WrongTopics([rest[1]])];
            return errors.Count == 0;
        }

        var unknown = arguments.Where(argument => argument.StartsWith('-') && argument != EndWithStdin)
            .Select(option => $"unknown option '{option}'; there is {EndWithStdin}");
        string[] topics = [.. arguments.Where(argument => !argument.StartsWith('-'))];
        command = new Run(topics, arguments.Contains(EndWithStdin));
        errors = [.. unknown, .. WrongTopics(topics)];
        return errors.Count == 0;
    }

    private static IEnumerable<string> WrongTopics(IEnumerable<string> topics) =>
        topics.Where(topic => topic is "." or ".." || !TopicName().IsMatch(topic))
            .Select(topic => $"'{topic}' is not a valid name of a topic: 1 to 249 letters, digits, '.', '_' and '-'");

    [GeneratedRegex(@"\A[a-zA-Z0-9._-]{1,249}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TopicName();
}
