using Microsoft.Extensions.Options;
using Npgsql;

namespace Persistence;

/// <summary>Checks all of <see cref="DatabaseOptions"/> at once, at the start.</summary>
internal sealed class DatabaseOptionsValidator : IValidateOptions<DatabaseOptions>
{
    public ValidateOptionsResult Validate(string? name, DatabaseOptions options)
    {
        var faults = ConnectionStringFaults(options.ConnectionString)
            .Concat(Range("CommandTimeout", options.CommandTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)))
            .Concat(Range("ConnectTimeout", options.ConnectTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2)))
            .Concat(Range("MaxPoolSize", options.MaxPoolSize, 1, 1_000))
            .Concat(Range("MaxPreparedStatements", options.MaxPreparedStatements, 0, 1_000))
            .ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static IEnumerable<string> ConnectionStringFaults(string text)
    {
        const string Fix = "Set it to something like 'Host=localhost;Database=email;Username=email;Password=…', "
            + "for instance by the environment variable Database__ConnectionString.";
        if (string.IsNullOrWhiteSpace(text))
            return [$"Database:ConnectionString is empty. {Fix}"];
        try
        {
            var parsed = new NpgsqlConnectionStringBuilder(text);
            return string.IsNullOrEmpty(parsed.Host) ? [$"Database:ConnectionString names no Host. {Fix}"] : [];
        }
        catch (ArgumentException exception)
        {
            // Without the string itself, for it may hold a password.
            return [$"Database:ConnectionString cannot be read: {exception.Message} {Fix}"];
        }
    }

    private static IEnumerable<string> Range<T>(string key, T value, T least, T most) where T : IComparable<T> =>
        value.CompareTo(least) < 0 || value.CompareTo(most) > 0
            ? [$"Database:{key} is {value}; allowed is {least} to {most}. Set Database__{key} to a value in between, or leave it out."]
            : [];
}
