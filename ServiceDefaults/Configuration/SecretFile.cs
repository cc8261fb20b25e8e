using System.ComponentModel;
using System.Reflection;

namespace ServiceDefaults.Configuration;

/// <summary>
/// Secrets from files, as Docker and Kubernetes mount them. An option <c>XFile</c> beside a secret <c>X</c> names the file that holds it;
/// <see cref="OptionsSection{T}"/> reads it at the start, and whoever logs in asks <see cref="Current"/> again, so that a new password needs no
/// restart.
/// </summary>
public static class SecretFile
{
    private const string Suffix = "File";

    /// <summary>The secret as it is now.</summary>
    /// <param name="secret">The option's value, as it was at the start.</param>
    /// <param name="file">The file that it came from; none: it was set itself.</param>
    /// <returns>What the file holds; where it cannot be read, or is empty, what it held at the start: it may be being replaced.</returns>
    public static string? Current(string? secret, string? file) =>
        !string.IsNullOrEmpty(file) && Problem(file, out var content) is null ? content : secret;

    /// <summary>Reads a file; without the line break at its end.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="content">What it holds.</param>
    /// <returns>Why it holds no secret, or null.</returns>
    internal static string? Problem(string file, out string content)
    {
        content = "";
        try
        {
            content = File.ReadAllText(file).TrimEnd('\r', '\n');
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return "there is no such file";
        }
        // Of a path that is none, too: whatever kind it is, the file cannot be read.
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return $"it cannot be read ({exception.Message})";
        }

        return content.Length == 0 ? "it is empty" : null;
    }

    /// <summary>The secrets of an options class that may come from a file, each with the option that names the file.</summary>
    internal static IEnumerable<(PropertyInfo Secret, PropertyInfo File)> Of(IReadOnlyDictionary<string, PropertyInfo> properties) =>
        from secret in properties.Values
        where secret.GetCustomAttribute<PasswordPropertyTextAttribute>() is { Password: true }
        let file = properties.GetValueOrDefault(secret.Name + Suffix)
        where file is not null
        select (secret, file);
}
