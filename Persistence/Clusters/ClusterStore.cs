using Npgsql;

namespace Persistence.Clusters;

/// <summary>The Kafka cluster that the database belongs to. Table <c>email.kafka_cluster</c>. Throws what Npgsql throws.</summary>
public sealed class ClusterStore(NpgsqlDataSource dataSource)
{
    /// <summary>The id of the database's cluster; the first one that is met becomes it.</summary>
    /// <param name="clusterId">The id of the cluster at hand.</param>
    /// <param name="by">Who meets it, for people.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<string> RememberAsync(string clusterId, string by, CancellationToken cancellationToken = default)
    {
        if (await FindAsync(cancellationToken) is { } known)
            return known;
        await using var insert = dataSource.CreateCommand("INSERT INTO email.kafka_cluster (cluster_id, adopted_by) VALUES (@id, @by) ON CONFLICT DO NOTHING")
            .With("id", clusterId).With("by", by);
        await insert.ExecuteNonQueryAsync(cancellationToken);
        return await FindAsync(cancellationToken) ?? clusterId;
    }

    /// <summary>The id of the database's cluster; null where it has met none.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<string?> FindAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand("SELECT cluster_id FROM email.kafka_cluster");
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Makes another cluster the database's own, from now on.</summary>
    /// <param name="clusterId">Its id.</param>
    /// <param name="by">Who decides so, for people.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task AdoptAsync(string clusterId, string by, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand("""
            INSERT INTO email.kafka_cluster (cluster_id, adopted_by) VALUES (@id, @by)
            ON CONFLICT (single) DO UPDATE SET cluster_id = excluded.cluster_id, adopted_by = excluded.adopted_by, adopted_at = now()
            """)
            .With("id", clusterId).With("by", by);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
