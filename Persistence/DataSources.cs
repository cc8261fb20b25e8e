using Npgsql;

namespace Persistence;

/// <summary>Makes the data source of a process from its options.</summary>
internal static class DataSources
{
    // A failover behind one name, or a load balancer's new server, is met by every connection within this time.
    private const int ConnectionLifetime = 600;

    /// <summary>Makes it.</summary>
    /// <param name="options">Where Postgres is.</param>
    /// <param name="password">Asked for the password by each connection that is opened; null: it is in the options.</param>
    public static NpgsqlDataSource Create(DatabaseOptions options, Func<string?>? password = null) => Create(options, password, _ => { });

    /// <summary>The data source of <c>migrate</c>: nothing is prepared, so that it runs behind any pooler, and nothing waits in a pool.</summary>
    /// <param name="options">Where Postgres is.</param>
    /// <param name="password">Asked for the password by each connection that is opened; null: it is in the options.</param>
    public static NpgsqlDataSource CreateForMigration(DatabaseOptions options, Func<string?>? password = null) => Create(
        options, password, connection => (connection.MaxAutoPrepare, connection.Pooling) = (0, false));

    private static NpgsqlDataSource Create(DatabaseOptions options, Func<string?>? password, Action<NpgsqlConnectionStringBuilder> adapt)
    {
        // Npgsql's ContainsKey says whether it knows a key; this one, whether the text has it, by whatever synonym.
        var given = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        var settings = new NpgsqlDataSourceBuilder(options.ConnectionString);
        var connection = settings.ConnectionStringBuilder;
        if (!given.ShouldSerialize("Command Timeout"))
            connection.CommandTimeout = (int)options.CommandTimeout.TotalSeconds;
        if (!given.ShouldSerialize("Timeout"))
            connection.Timeout = (int)options.ConnectTimeout.TotalSeconds;
        if (!given.ShouldSerialize("Maximum Pool Size"))
            connection.MaxPoolSize = options.MaxPoolSize;
        if (!given.ShouldSerialize("Connection Lifetime"))
            connection.ConnectionLifetime = ConnectionLifetime;
        if (!given.ShouldSerialize("Max Auto Prepare"))
            connection.MaxAutoPrepare = options.MaxPreparedStatements;
        // At the first use, as hardly a statement here is used once: each new connection would otherwise parse and plan it again for its first five uses.
        if (!given.ShouldSerialize("Auto Prepare Min Usages"))
            connection.AutoPrepareMinUsages = 1;
        // Nothing here leaves anything in a session (what is set is set for its transaction), and the reset costs a statement each time.
        if (!given.ShouldSerialize("No Reset On Close"))
            connection.NoResetOnClose = true;
        // Npgsql would look for Kerberos first, and say on each start that a slim image has none. TLS is another matter: SSL Mode.
        if (!given.ShouldSerialize("GSS Encryption Mode"))
            connection.GssEncryptionMode = GssEncryptionMode.Disable;
        if (string.IsNullOrEmpty(connection.ApplicationName))
            connection.ApplicationName = AppDomain.CurrentDomain.FriendlyName;
        if (password is not null && !string.IsNullOrEmpty(options.PasswordFile))
            settings.UsePasswordProvider(_ => password() ?? "", (_, _) => ValueTask.FromResult(password() ?? ""));
        else if (!string.IsNullOrEmpty(options.Password))
            connection.Password = options.Password;
        adapt(connection);
        // What its metrics call it; without a name they have the connection string.
        settings.Name = connection.ApplicationName;
        return settings.Build();
    }
}
