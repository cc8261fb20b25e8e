using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace Consumer.Worker.Options;

/// <summary>
/// Checks options by their annotations and says for each wrong one its key, its value, what is allowed and the fix: an
/// annotation's <c>ErrorMessage</c> is that fix. All wrong keys of a section come at once.
/// </summary>
/// <typeparam name="T">The options of one section.</typeparam>
internal sealed class AnnotatedOptionsValidator<T>(string section) : IValidateOptions<T>
    where T : class
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, T options)
    {
        var failures = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .SelectMany(property => Check(property, options))
            .Concat(options is IChecksItself itself ? itself.Check(section) : [])
            .ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private IEnumerable<string> Check(PropertyInfo property, T options)
    {
        var value = property.GetValue(options);
        foreach (var rule in property.GetCustomAttributes<ValidationAttribute>())
        {
            if (!rule.IsValid(value))
                yield return OptionFailure.Describe(section, property.Name, value, Allowed(rule), rule.ErrorMessage ?? "");
        }

        if (property.PropertyType.IsEnum && !Enum.IsDefined(property.PropertyType, value!))
            yield return OptionFailure.Describe(section, property.Name, value, string.Join(", ", Enum.GetNames(property.PropertyType)), "");
    }

    private static string Allowed(ValidationAttribute rule) => rule switch
    {
        RangeAttribute range => string.Create(CultureInfo.InvariantCulture, $"{range.Minimum} to {range.Maximum}"),
        DurationAttribute duration => $"{duration.Minimum} to {duration.Maximum} (hours:minutes:seconds)",
        RequiredAttribute => "any text that is not empty",
        _ => "see docs/configuration.md",
    };
}

/// <summary>Options that have a rule of their own, over several keys.</summary>
internal interface IChecksItself
{
    /// <summary>What is wrong, worded by <see cref="OptionFailure.Describe"/>.</summary>
    IEnumerable<string> Check(string section);
}

/// <summary>How a wrong option is reported.</summary>
internal static class OptionFailure
{
    /// <summary>Key, value, what is allowed, and how to fix it.</summary>
    public static string Describe(string section, string key, object? value, string allowed, string fix)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture);
        var shown = string.IsNullOrEmpty(text) ? "not set" : $"\"{text}\"";
        return $"{section}:{key} is {shown}; allowed: {allowed}. {fix} (environment: {section}__{key})";
    }
}

/// <summary>A duration between two bounds, both included, as <c>hh:mm:ss</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DurationAttribute(string minimum, string maximum) : ValidationAttribute
{
    public TimeSpan Minimum { get; } = TimeSpan.Parse(minimum, CultureInfo.InvariantCulture);

    public TimeSpan Maximum { get; } = TimeSpan.Parse(maximum, CultureInfo.InvariantCulture);

    public override bool IsValid(object? value) =>
        value is null || (value is TimeSpan duration && duration >= Minimum && duration <= Maximum);
}
