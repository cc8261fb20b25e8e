using System.Globalization;
using Microsoft.Extensions.Options;

namespace Producer.Api.Configuration;

/// <summary>Checks <see cref="ApiOptions"/> at start, all at once: key, value, what is allowed, and how to fix it.</summary>
internal sealed class ApiOptionsValidator(IHostEnvironment environment) : IValidateOptions<ApiOptions>
{
    /// <summary>The fewest characters of a key or secret.</summary>
    public const int KeyLength = 16;

    public ValidateOptionsResult Validate(string? name, ApiOptions options)
    {
        var failures = Secrets(options).Concat(Ranges(options)).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private IEnumerable<string> Secrets(ApiOptions options)
    {
        if (string.IsNullOrEmpty(options.Key))
        {
            if (!environment.IsDevelopment())
                yield return $"Api:Key is not set, and the environment is '{environment.EnvironmentName}', where every caller needs one. "
                    + "Set it, for example by the environment variable Api__Key=\"$(openssl rand -hex 32)\". "
                    + "Only ASPNETCORE_ENVIRONMENT=Development runs without.";
        }
        else if (options.Key.Length < KeyLength || !options.Key.All(c => c is > ' ' and <= '~'))
        {
            // The value itself is a secret: it is not shown.
            yield return $"Api:Key has {options.Key.Length} characters; at least {KeyLength} printable ASCII characters without spaces are needed. Make one: openssl rand -hex 32.";
        }

        if (options.IdSecret is { Length: < KeyLength })
            yield return $"Api:IdSecret has {options.IdSecret.Length} characters; at least {KeyLength} are needed, or leave it out to derive it from Api:Key.";
    }

    private static IEnumerable<string> Ranges(ApiOptions options) =>
        new[]
        {
            Range(nameof(options.MaxMailBytes), options.MaxMailBytes, 1_024, 100_000_000),
            Range(nameof(options.MaxConcurrentPosts), options.MaxConcurrentPosts, 1, 100_000),
            Range(nameof(options.AcceptTimeout), options.AcceptTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5)),
            Range(nameof(options.LookupTimeout), options.LookupTimeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(30)),
            Range(nameof(options.StatsTimeout), options.StatsTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)),
            Range(nameof(options.ReplaySweepInterval), options.ReplaySweepInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
        }.OfType<string>();

    private static string? Range<T>(string key, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0)
            return null;

        var variable = $"{ApiOptions.Section}__{key}";
        return string.Create(CultureInfo.InvariantCulture, $"Api:{key} is {value}; {least} to {most} is allowed. Set {variable}, or leave it out for the default.");
    }
}
