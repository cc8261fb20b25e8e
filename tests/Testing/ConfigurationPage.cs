using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Testing;

/// <summary>Holds docs/configuration.md against the options classes, so that neither goes on without the other.</summary>
public static partial class ConfigurationPage
{
    /// <summary>What the page leaves out of a section, has too much, or gives another default than the class; nothing where both agree.</summary>
    /// <typeparam name="T">The options of the section.</typeparam>
    /// <param name="section">The section's name.</param>
    public static IReadOnlyList<string> Differences<T>(string section)
        where T : new()
    {
        var defaults = new T();
        var properties = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite).ToDictionary(property => property.Name);
        var rows = Rows(section);
        return
        [
            .. properties.Keys.Except(rows.Keys).Select(name => $"{section}:{name} is not in docs/configuration.md"),
            .. rows.Keys.Except(properties.Keys).Select(name => $"{section}:{name} is in docs/configuration.md, but {typeof(T).Name} has no such property"),
            .. rows.Where(row => properties.TryGetValue(row.Key, out var property) && !Says(row.Value, property.PropertyType, property.GetValue(defaults)))
                .Select(row => $"{section}:{row.Key} has the default '{row.Value}' in docs/configuration.md, and '{properties[row.Key].GetValue(defaults)}' in {typeof(T).Name}"),
        ];
    }

    /// <summary>The defaults that the page gives, by key; one row may speak of several keys.</summary>
    private static Dictionary<string, string> Rows(string section) =>
        Row().Matches(Checkout.Read("docs/configuration.md"))
            .SelectMany(row => Key().Matches(row.Groups["keys"].Value)
                .Where(key => key.Groups["section"].Value == section)
                .Select(key => (Name: key.Groups["name"].Value, Default: row.Groups["default"].Value.Trim())))
            .ToDictionary(row => row.Name, row => row.Default);

    // What has no value of its own by default is put into words there, such as "the machine's name".
    private static bool Says(string cell, Type type, object? value) => value switch
    {
        "" or System.Collections.ICollection { Count: 0 } => true,
        null => cell.Length > 0,
        bool or Enum or string => string.Equals(cell, value.ToString(), StringComparison.OrdinalIgnoreCase),
        _ => TypeDescriptor.GetConverter(type).IsValid(cell) && value.Equals(TypeDescriptor.GetConverter(type).ConvertFromString(null, CultureInfo.InvariantCulture, cell)),
    };

    [GeneratedRegex(@"^\| (?<keys>`[^|]*) \| (?<default>[^|]*)\|", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Row();

    [GeneratedRegex("`(?<section>[A-Za-z]+):(?<name>[A-Za-z]+)`", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Key();
}
