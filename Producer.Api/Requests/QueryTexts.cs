using System.Globalization;
using Contracts;
using Contracts.Validation;
using Persistence.Text;

namespace Producer.Api.Requests;

/// <summary>Reads the parameters of a query strictly: a misspelt filter must not list everything.</summary>
internal static class QueryTexts
{
    private const int MostShown = 100;

    /// <summary>Refuses parameters that an endpoint does not have, and those that are given twice.</summary>
    /// <exception cref="FormatException">The message says which.</exception>
    public static void Check(HttpRequest request, IReadOnlyList<string> names)
    {
        foreach (var (name, values) in request.Query)
        {
            if (!names.Contains(name, StringComparer.Ordinal))
                throw new FormatException($"'{Shown(name)}' is not a parameter here; these are: {string.Join(", ", names)}.");
            if (values.Count != 1)
                throw new FormatException($"'{name}' is given {values.Count} times; give it once.");
            Text(name, values.ToString());
        }
    }

    /// <summary>A parameter, null where it is not given or empty.</summary>
    public static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>A text to look for, null where it is not given or empty.</summary>
    /// <exception cref="FormatException">It holds a control character, such as NUL, which Postgres does not take.</exception>
    public static string? Text(string name, string? text) =>
        text is not null && text.Any(char.IsControl) ? throw new FormatException($"'{name}' holds a control character.") : Given(text);

    /// <summary>The beginning of what was given, for a message.</summary>
    public static string Shown(string text) => Texts.Cut(text, MostShown);

    /// <summary>A number of rows.</summary>
    /// <exception cref="FormatException">It is not a number that is allowed.</exception>
    public static int Limit(string name, string? text, int byDefault, int most) =>
        Given(text) is not { } given ? byDefault
        : int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1 && limit <= most ? limit
        : throw new FormatException($"'{name}' is '{Shown(given)}'; 1 to {most} is allowed.");

    /// <summary>True or false.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static bool? Flag(string name, string? text) => Given(text) switch
    {
        null => null,
        "true" => true,
        "false" => false,
        var other => throw new FormatException($"'{name}' is '{Shown(other)}'; true or false is expected."),
    };

    /// <summary>A time.</summary>
    /// <exception cref="FormatException">It is not RFC 3339.</exception>
    public static DateTimeOffset? Time(string name, string? text) =>
        Given(text) is not { } given ? null
        : Rfc3339.TryParse(given, out var time) ? time
        : throw new FormatException($"'{name}' is '{Shown(given)}'; {Rfc3339.Rule}. In a query a + is written %2B.");

    /// <summary>A mail's id.</summary>
    /// <exception cref="FormatException">It is not a UUID.</exception>
    public static Guid? MailId(string name, string? text) => Id(name, text, "a mail");

    /// <summary>The id of something.</summary>
    /// <exception cref="FormatException">It is not a UUID.</exception>
    public static Guid? Id(string name, string? text, string of) =>
        Given(text) is not { } given ? null
        : Guid.TryParseExact(given, "D", out var id) ? id
        : throw new FormatException($"'{name}' is '{Shown(given)}'; the UUID of {of} is expected.");

    /// <summary>One of an enum's words, whatever its case.</summary>
    /// <exception cref="FormatException">It is none of them.</exception>
    public static T? Word<T>(string name, string? text) where T : struct, Enum =>
        Given(text) is not { } given ? null
        : EnumText.Parse<T>(given.ToLowerInvariant())
            ?? throw new FormatException($"'{name}' is '{Shown(given)}'; one of these is expected: {string.Join(", ", EnumText.All<T>())}.");
}
