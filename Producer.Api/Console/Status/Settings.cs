using System.ComponentModel;
using System.Globalization;
using System.Reflection;

namespace Producer.Api.Console.Status;

/// <summary>A setting as it is.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value; of a secret only whether there is one.</param>
public sealed record Setting(string Key, string Value);

/// <summary>Reads settings for people, without what is secret.</summary>
internal static class Settings
{
    // Names what holds a password among other things.
    private static readonly string[] Mixed = ["ConnectionString"];

    public static IEnumerable<Setting> Of(string section, object options) =>
        from property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.CanWrite
        let value = property.GetValue(options)
        select new Setting($"{section}:{property.Name}", value is null or "" ? "not set" : IsSecret(property) ? "set, and not shown" : Convert.ToString(value, CultureInfo.InvariantCulture)!);

    private static bool IsSecret(PropertyInfo property) =>
        property.GetCustomAttribute<PasswordPropertyTextAttribute>() is { Password: true } || Mixed.Contains(property.Name, StringComparer.Ordinal);
}
