using Microsoft.AspNetCore.WebUtilities;

namespace Producer.Api.Console.Parts;

/// <summary>A filter of a list.</summary>
/// <param name="Name">The parameter in the URL, the same as in the API.</param>
/// <param name="Label">What it says to people.</param>
/// <param name="Value">What is asked for; null for nothing.</param>
public sealed record FilterField(string Name, string Label, string? Value)
{
    /// <summary>What may be chosen, the words of the API; none where text is typed.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>An example of what is typed.</summary>
    public string? Example { get; init; }
}

/// <summary>The filters of a list, which stand in its URL.</summary>
/// <param name="Path">The list's path.</param>
/// <param name="Fields">All there are.</param>
public sealed record Filters(string Path, IReadOnlyList<FilterField> Fields)
{
    /// <summary>Those that restrict.</summary>
    public IEnumerable<FilterField> Given => Fields.Where(filter => !string.IsNullOrEmpty(filter.Value));

    /// <summary>The list with one filter changed, or taken away, or with something else in the URL; from its first page.</summary>
    public string With(string name, string? value) => QueryHelpers.AddQueryString(
        Path, Given.Where(field => field.Name != name).Select(field => KeyValuePair.Create(field.Name, field.Value)).Append(KeyValuePair.Create(name, value)).Where(pair => pair.Value is not null));
}
