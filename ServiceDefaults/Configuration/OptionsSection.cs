using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ServiceDefaults.Configuration;

/// <summary>
/// Reads a section into its options and checks them. Not the configuration binder, which stops at the first value that it cannot
/// convert, and names neither what is allowed nor the fix.
/// </summary>
internal sealed class OptionsSection<T>(string section, IServiceProvider services) : IConfigureOptions<T>, IValidateOptions<T>, INestedSection
    where T : class
{
    private static readonly Dictionary<string, PropertyInfo> Properties = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.CanWrite)
        // Those that a section has in common with others first, as its pages have them.
        .OrderBy(property => property.DeclaringType == typeof(T))
        .ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);

    private static readonly (PropertyInfo Secret, PropertyInfo File)[] Secrets = [.. SecretFile.Of(Properties)];

    /// <summary>Sets what can be read; the rest keeps its default and is reported by <see cref="Validate"/>.</summary>
    public void Configure(T options)
    {
        foreach (var entry in Entries())
        {
            if (Properties.TryGetValue(entry.Key, out var property) && TryConvert(property, entry.Value, out var value))
                property.SetValue(options, value);
            else if (TryReadMap(entry) is { } map)
                property!.SetValue(options, map);
            else if (NestedSections.Of(section, entry, property, services) is { } nested)
                property!.SetValue(options, nested.Read());
        }

        foreach (var (secret, file) in Secrets)
        {
            if (file.GetValue(options) is string { Length: > 0 } path && SecretFile.Problem(path, out var content) is null)
                secret.SetValue(options, content);
        }
    }

    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, T options)
    {
        var errors = Errors(options);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    /// <inheritdoc />
    object INestedSection.Read(string name)
    {
        var options = Activator.CreateInstance<T>();
        if (options is INamedSection named)
            named.Name = name;
        Configure(options);
        return options;
    }

    /// <inheritdoc />
    IEnumerable<string> INestedSection.Errors(object options) => Errors((T)options);

    private List<string> Errors(T options) =>
    [
        .. Entries().Select(ReadError).OfType<string>(),
        .. SecretErrors(options),
        .. Properties.Values.SelectMany(property => RuleErrors(property, options)),
        .. Entries().SelectMany(entry => Properties.TryGetValue(entry.Key, out var property) ? NestedSections.Of(section, entry, property, services)?.Errors(property.GetValue(options)) ?? [] : []),
        .. OwnErrors(options),
    ];

    private IEnumerable<IConfigurationSection> Entries() =>
        services.GetRequiredService<IConfiguration>().GetSection(section).GetChildren().Where(entry => entry.Value is not null || entry.GetChildren().Any());

    private string? ReadError(IConfigurationSection entry)
    {
        if (TryReadMap(entry) is not null || (Properties.TryGetValue(entry.Key, out var map) && NestedSections.Of(section, entry, map, services) is not null))
            return null;
        if (entry.Value is null || !Properties.TryGetValue(entry.Key, out var property))
            return OptionError.UnknownKey(section, entry.Key, entry.Value, Properties.Keys);
        return TryConvert(property, entry.Value, out _) ? null : OptionError.Unreadable(section, property, entry.Value);
    }

    /// <summary>A section within the section, for a property that takes any keys; null where the entry is none. A deeper key has the colon in its name.</summary>
    private static Dictionary<string, string>? TryReadMap(IConfigurationSection entry) =>
        string.IsNullOrEmpty(entry.Value) && Properties.TryGetValue(entry.Key, out var property) && property.PropertyType == typeof(IReadOnlyDictionary<string, string>)
            ? entry.AsEnumerable(makePathsRelative: true).Where(pair => pair.Value is not null && pair.Key.Length > 0).ToDictionary(pair => pair.Key, pair => pair.Value!, StringComparer.Ordinal)
            : null;

    private IEnumerable<string> SecretErrors(T options)
    {
        foreach (var (secret, file) in Secrets)
        {
            if (file.GetValue(options) is not string { Length: > 0 } path)
                continue;
            if (Entries().Any(entry => string.Equals(entry.Key, secret.Name, StringComparison.OrdinalIgnoreCase) && !string.IsNullOrEmpty(entry.Value)))
                yield return OptionError.NotAllowed(section, file, path, $"allowed: one of {section}:{secret.Name} and {section}:{file.Name}. Remove the other.");
            if (SecretFile.Problem(path, out _) is { } problem)
                yield return OptionError.NotAllowed(section, file, path, $"allowed: a file that holds the secret, and {problem}. Mount it, and let this program's user read it.");
        }
    }

    private static bool TryConvert(PropertyInfo property, string? text, out object? value)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType);
        value = null;
        // Its converter takes any text, and makes nothing of it.
        if (text is null || NestedSections.IsMap(property.PropertyType))
            return false;
        if (type is not null && text.Length == 0)
            return true;
        try
        {
            value = TypeDescriptor.GetConverter(type ?? property.PropertyType).ConvertFromInvariantString(text);
            return true;
        }
        // Converters throw FormatException, OverflowException, and ArgumentException around either.
        catch (Exception exception) when (exception is FormatException or OverflowException or ArgumentException or NotSupportedException)
        {
            return false;
        }
    }

    private IEnumerable<string> RuleErrors(PropertyInfo property, T options)
    {
        var value = property.GetValue(options);
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        foreach (var rule in property.GetCustomAttributes<ValidationAttribute>().Where(rule => !rule.IsValid(value)))
            yield return OptionError.NotAllowed(section, property, value, OptionError.Rule(rule));
        if (type.IsEnum && value is not null && !Enum.IsDefined(type, value))
            yield return OptionError.NotAllowed(section, property, value, OptionError.Rule(type));
    }

    private IEnumerable<string> OwnErrors(T options) =>
        from error in (options as IValidatableObject)?.Validate(new ValidationContext(options, services, items: null)) ?? []
        let key = error.MemberNames.First()
        select Properties.TryGetValue(key, out var property)
            ? OptionError.NotAllowed(section, property, property.GetValue(options), error.ErrorMessage)
            : OptionError.NotAllowed(section, key, error.ErrorMessage);
}
