using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Npgsql;

namespace Persistence;

/// <summary>How to reach Postgres. Section <c>Database</c>.</summary>
public sealed class DatabaseOptions : IValidatableObject
{
    /// <summary>The section that these are bound to.</summary>
    public const string Section = "Database";

    /// <summary>
    /// Npgsql's connection string, such as <c>Host=localhost;Database=email;Username=email;Password=…</c>. Required. Its
    /// own values for the settings below win over them.
    /// </summary>
    [PasswordPropertyText(true)]
    public string ConnectionString { get; set; } = "";

    /// <summary>The login's password, where the connection string has none.</summary>
    [PasswordPropertyText(true)]
    public string? Password { get; set; }

    /// <summary>The file that holds <see cref="Password"/>; read again for each connection that is opened.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>How long a statement may take. Default 15 seconds; 1 second to 10 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00", ErrorMessage = "15 seconds suit a database that is not overloaded.")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection may take, and the wait for a free one in the pool. Default 5 seconds; 1 second to 2 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00", ErrorMessage = "5 seconds suit a server near by.")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many connections one process opens at most. Default 50; 2 to 1,000: with one, whatever needs two waits for itself.</summary>
    [Range(2, 1_000, ErrorMessage = "All processes together must stay below Postgres' max_connections.")]
    public int MaxPoolSize { get; set; } = 50;

    /// <summary>How many of a connection's statements are prepared at once. Default 64; 0 (with PgBouncer) to 1,000.</summary>
    [Range(0, 1_000, ErrorMessage = "Set 0 behind PgBouncer.")]
    public int MaxPreparedStatements { get; set; } = 64;

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Problem() is { } problem)
        {
            yield return new ValidationResult(
                $"allowed: a connection string of Npgsql's with a Host{problem}. For example 'Host=localhost;Database=email;Username=email;Password=…'.",
                [nameof(ConnectionString)]);
        }
        else if (!string.IsNullOrEmpty(Password) && !string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(ConnectionString).Password))
        {
            yield return new ValidationResult(
                $"allowed: without a Password where {Section}:{nameof(Password)} or {Section}:{nameof(PasswordFile)} is set. Take it out of the connection string.",
                [nameof(ConnectionString)]);
        }
    }

    /// <summary>What is wrong with the connection string, in parentheses where Npgsql says it; null where nothing is.</summary>
    private string? Problem()
    {
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(ConnectionString);
            if (string.IsNullOrEmpty(settings.Host))
                return "";
            return settings is { Pooling: true, MaxPoolSize: < 2 } ? " and a Maximum Pool Size of 2 or more" : null;
        }
        catch (ArgumentException exception)
        {
            return $" ({exception.Message})";
        }
    }
}
