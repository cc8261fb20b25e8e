using System.Collections;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace ServiceDefaults.Configuration;

/// <summary>Options of which there are several, each in a section of its own below a key, that want to know which they are.</summary>
public interface INamedSection
{
    /// <summary>The section's name; set before its values are read.</summary>
    string Name { get; set; }
}

/// <summary>One section of several.</summary>
internal interface INestedSection
{
    /// <summary>Reads it into new options.</summary>
    object Read(string name);

    /// <summary>What is wrong with it.</summary>
    IEnumerable<string> Errors(object options);
}

/// <summary>
/// The sections below a key whose property is an <see cref="IReadOnlyDictionary{TKey, TValue}"/> from their names, without regard to case, to options:
/// <c>Smtp:Relays:NAME:KEY</c>.
/// </summary>
/// <param name="path">The section's path with the key.</param>
/// <param name="entry">What stands there.</param>
/// <param name="type">The options of each.</param>
/// <param name="services">Where the configuration is.</param>
internal sealed class NestedSections(string path, IConfigurationSection entry, Type type, IServiceProvider services)
{
    /// <summary>The sections below an entry; null where it has a value itself, or its property takes no such.</summary>
    public static NestedSections? Of(string section, IConfigurationSection entry, PropertyInfo? property, IServiceProvider services) =>
        string.IsNullOrEmpty(entry.Value) && property is not null && TypeOf(property.PropertyType) is { } type ? new NestedSections($"{section}:{property.Name}", entry, type, services) : null;

    /// <summary>Whether a property takes sections or keys with any names.</summary>
    public static bool IsMap(Type property) => property.IsGenericType && property.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>);

    /// <summary>The options that such a property takes; null where it takes none.</summary>
    public static Type? TypeOf(Type property) =>
        IsMap(property) && property.GenericTypeArguments[1] is { IsClass: true } type && type != typeof(string) ? type : null;

    /// <summary>All of them, by their names.</summary>
    public IDictionary Read()
    {
        var all = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), type), StringComparer.OrdinalIgnoreCase)!;
        foreach (var child in entry.GetChildren())
            all[child.Key] = Section(child).Read(child.Key);
        return all;
    }

    /// <summary>What is wrong with any of them.</summary>
    /// <param name="options">What <see cref="Read"/> made of them.</param>
    public IEnumerable<string> Errors(object? options) => entry.GetChildren().SelectMany(child => string.IsNullOrEmpty(child.Value)
        ? options is IDictionary all && all.Contains(child.Key) ? Section(child).Errors(all[child.Key]!) : []
        : [OptionError.NotAllowed(path, child.Key, $"allowed: a section with keys of its own, as in {path}:{child.Key}:KEY.")]);

    private INestedSection Section(IConfigurationSection child) =>
        (INestedSection)Activator.CreateInstance(typeof(OptionsSection<>).MakeGenericType(type), $"{path}:{child.Key}", services)!;
}
