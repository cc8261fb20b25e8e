using Npgsql;

namespace Persistence.Ledger;

/// <summary>Offsets whose records were deleted before they were read.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="From">The first offset.</param>
/// <param name="To">The offset behind the last one.</param>
/// <param name="IsAcknowledged">Whether somebody has dealt with it.</param>
public sealed record DeletedRecords(string Topic, int Partition, long From, long To, bool IsAcknowledged = false);

/// <summary>What Kafka deleted unread, for the ledger: table <c>email.deleted_records</c>. Throws what Npgsql throws.</summary>
public sealed class DeletedRecordStore(NpgsqlDataSource dataSource)
{
    /// <summary>Remembers it; a second time is the same.</summary>
    /// <param name="deleted">The offsets.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task NoteAsync(DeletedRecords deleted, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(deleted);
        await using var command = dataSource.CreateCommand("""
            INSERT INTO email.deleted_records (topic, partition, from_offset, to_offset) VALUES (@topic, @partition, @from, @to) ON CONFLICT DO NOTHING
            """)
            .With("topic", deleted.Topic).With("partition", deleted.Partition).With("from", deleted.From).With("to", deleted.To);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>All that was noted, the oldest first.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<DeletedRecords>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand("""
            SELECT topic, partition, from_offset, to_offset, acknowledged_at IS NOT NULL AS is_acknowledged
            FROM email.deleted_records ORDER BY noted_at, topic, partition, from_offset
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var deleted = new List<DeletedRecords>();
        while (await reader.ReadAsync(cancellationToken))
        {
            deleted.Add(new DeletedRecords(
                reader.Get<string>("topic"), reader.Get<int>("partition"), reader.Get<long>("from_offset"), reader.Get<long>("to_offset"),
                reader.Get<bool>("is_acknowledged")));
        }

        return deleted;
    }
}
