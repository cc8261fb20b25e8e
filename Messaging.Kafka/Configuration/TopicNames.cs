using System.Text.RegularExpressions;

namespace Messaging.Kafka.Configuration;

/// <summary>Which names a topic may have. No I/O.</summary>
internal static partial class TopicNames
{
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    /// <summary>What is wrong with the name of a topic that an endpoint reads, which may be a pattern, or null.</summary>
    public static string? ProblemToRead(string name) => !IsPattern(name) ? Problem(name)
        : Pattern(name) is null ? $"is {name}: what begins with ^ is a regular expression over the names of topics, and this one cannot be read" : null;

    /// <summary>Whether a name is a regular expression over topics' names, as librdkafka has them.</summary>
    public static bool IsPattern(string name) => name.StartsWith('^');

    /// <summary>The regular expression that a name is; null where it is none, or cannot be read.</summary>
    public static Regex? Pattern(string name)
    {
        try
        {
            return IsPattern(name) ? new Regex(name, RegexOptions.CultureInvariant, MatchTimeout) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>What is wrong with a name, or null.</summary>
    public static string? Problem(string name) => Legal().IsMatch(name) && name is not ("." or "..")
        ? null
        : $"is {name}: a topic's name is 1 to 249 letters, digits, '.', '_' and '-'; an endpoint also takes a pattern, which begins with ^";

    [GeneratedRegex("^[a-zA-Z0-9._-]{1,249}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Legal();
}
