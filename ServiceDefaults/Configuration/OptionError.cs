using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace ServiceDefaults.Configuration;

/// <summary>The one phrasing of a wrong option: key, value, what is allowed, and how to fix it.</summary>
internal static class OptionError
{
    /// <summary>A value that a rule does not allow.</summary>
    public static string NotAllowed(string section, PropertyInfo property, object? value, string? rule) =>
        Describe(section, property.Name, Shown(property, Convert.ToString(value, CultureInfo.InvariantCulture)), rule);

    /// <summary>A key within a map that a rule does not allow. What it holds may be a secret, and is not shown.</summary>
    public static string NotAllowed(string section, string key, string? rule) => Describe(section, key, "set", rule);

    /// <summary>A value that is not of the option's type.</summary>
    public static string Unreadable(string section, PropertyInfo property, string? text) => Describe(
        section, property.Name, Shown(property, text), property.GetCustomAttribute<RangeAttribute>() is { } range ? Rule(range) : Rule(property.PropertyType));

    /// <summary>A key that the section does not have.</summary>
    public static string UnknownKey(string section, string key, string? text, IEnumerable<string> keys) =>
        $"{section}:{key} is {Harmless(text)}, but {section} has no such key; allowed: {string.Join(", ", keys)}. Correct the name, or remove it (environment: {Environment(section)}__{key})";

    /// <summary>What a rule allows, and its fix.</summary>
    public static string Rule(ValidationAttribute rule)
    {
        // Asked first, since a range reads its limits with its first check.
        rule.IsValid(null);
        var allowed = rule switch
        {
            RangeAttribute { OperandType: var type } range => string.Create(CultureInfo.InvariantCulture, $"{range.Minimum} to {range.Maximum}{(type == typeof(TimeSpan) ? Duration : "")}"),
            RequiredAttribute => "any text that is not empty",
            _ => "see docs/configuration.md",
        };
        return $"allowed: {allowed}. {rule.ErrorMessage}";
    }

    /// <summary>What a type allows.</summary>
    public static string Rule(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        var allowed = type.IsEnum ? string.Join(", ", Enum.GetNames(type))
            : type == typeof(bool) ? "true, false"
            : type == typeof(TimeSpan) ? "a duration" + Duration
            : NestedSections.IsMap(type) ? "sections with names of their own"
            : "a whole number";
        return $"allowed: {allowed}.";
    }

    private const string Duration = " (hours:minutes:seconds)";

    private static string Describe(string section, string key, string shown, string? rule) =>
        $"{section}:{key} is {shown}; {rule?.TrimEnd()} (environment: {Environment(section)}__{Environment(key)})";

    private static string Environment(string key) => key.Replace(":", "__", StringComparison.Ordinal);

    private static string Shown(PropertyInfo property, string? text) =>
        string.IsNullOrEmpty(text) ? "not set"
        : property.GetCustomAttribute<PasswordPropertyTextAttribute>() is { Password: true } ? "(hidden)"
        : $"\"{text}\"";

    // A misspelt key may be that of a secret: only what is not a text is shown.
    private static string Harmless(string? text) =>
        text is null ? "a section"
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) || bool.TryParse(text, out _) || TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out _) ? $"\"{text}\""
        : "set";
}
