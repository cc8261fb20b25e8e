namespace Persistence;

/// <summary>How to reach Postgres. Section <c>Database</c>.</summary>
public sealed class DatabaseOptions
{
    /// <summary>The section that these are bound to.</summary>
    public const string Section = "Database";

    /// <summary>
    /// Npgsql's connection string, such as <c>Host=localhost;Database=email;Username=email;Password=…</c>. Required. Its
    /// own values for the settings below win over them.
    /// </summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>How long a statement may take. Default 15 seconds; 1 second to 10 minutes.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection may take, and the wait for a free one in the pool. Default 5 seconds; 1 second to 2 minutes.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many connections one process opens at most. Default 50; 1 to 1,000.</summary>
    public int MaxPoolSize { get; set; } = 50;

    /// <summary>How many of a connection's statements are kept prepared. Default 64; 0 (with PgBouncer) to 1,000.</summary>
    public int MaxPreparedStatements { get; set; } = 64;
}
