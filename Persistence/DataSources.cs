using Npgsql;

namespace Persistence;

/// <summary>Makes the data source of a process from its options.</summary>
internal static class DataSources
{
    public static NpgsqlDataSource Create(DatabaseOptions options)
    {
        var given = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        var settings = new NpgsqlDataSourceBuilder(options.ConnectionString);
        var connection = settings.ConnectionStringBuilder;
        if (!given.ContainsKey("Command Timeout"))
            connection.CommandTimeout = (int)options.CommandTimeout.TotalSeconds;
        if (!given.ContainsKey("Timeout"))
            connection.Timeout = (int)options.ConnectTimeout.TotalSeconds;
        if (!given.ContainsKey("Maximum Pool Size"))
            connection.MaxPoolSize = options.MaxPoolSize;
        if (!given.ContainsKey("Max Auto Prepare"))
            connection.MaxAutoPrepare = options.MaxPreparedStatements;
        if (string.IsNullOrEmpty(connection.ApplicationName))
            connection.ApplicationName = AppDomain.CurrentDomain.FriendlyName;
        return settings.Build();
    }
}
