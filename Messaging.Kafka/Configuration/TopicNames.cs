using System.Text.RegularExpressions;

namespace Messaging.Kafka.Configuration;

/// <summary>Which names a topic may have. No I/O.</summary>
internal static partial class TopicNames
{
    /// <summary>What is wrong with a name, or null.</summary>
    public static string? Problem(string name) => Legal().IsMatch(name) && name is not ("." or "..")
        ? null
        : $"is {name}: endpoint and producer have one topic each, whose name is 1 to 249 letters, digits, '.', '_' and '-'; patterns are not supported";

    [GeneratedRegex("^[a-zA-Z0-9._-]{1,249}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Legal();
}
