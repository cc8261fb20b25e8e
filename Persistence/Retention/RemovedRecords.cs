using Npgsql;

namespace Persistence.Retention;

/// <summary>
/// Which records were completed so long ago that their rows are gone. The few lines of <c>email.retention_offsets</c> are read once in a
/// while and not for each record; only a record that they name is looked up. Throws what Npgsql throws.
/// </summary>
public sealed class RemovedRecords(NpgsqlDataSource dataSource, TimeProvider timeProvider)
{
    // Rows that were removed since are of records that were read days ago: nobody reads them again within this time of their removal by chance.
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private (Task<Dictionary<(string Topic, int Partition), (long Below, DateTimeOffset Newest)>> Offsets, long At)? _known;

    /// <summary>Whether a record was completed before, and its row removed: it must not be sent again.</summary>
    /// <param name="topic">The record's topic.</param>
    /// <param name="partition">Its partition.</param>
    /// <param name="offset">Its offset.</param>
    /// <param name="timestamp">Its timestamp.</param>
    /// <param name="mailId">Its mail.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> ContainsAsync(
        string topic, int partition, long offset, DateTimeOffset timestamp, Guid mailId, CancellationToken cancellationToken = default)
    {
        var offsets = await OffsetsAsync(cancellationToken);
        if (!offsets.TryGetValue((topic, partition), out var removed) || offset >= removed.Below || timestamp > removed.Newest)
            return false;
        await using var command = dataSource.CreateCommand(RetentionSql.IsKnown).With("id", mailId);
        return await command.ExecuteScalarAsync(cancellationToken) is false;
    }

    private Task<Dictionary<(string Topic, int Partition), (long Below, DateTimeOffset Newest)>> OffsetsAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_known is not { } known || (known.Offsets.IsCompleted && (!known.Offsets.IsCompletedSuccessfully || timeProvider.GetElapsedTime(known.At) >= Lifetime)))
                _known = known = (ReadAsync(), timeProvider.GetTimestamp());
            return known.Offsets.IsCompletedSuccessfully ? known.Offsets : known.Offsets.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Not canceled with one of those who wait, as it serves the others too.</summary>
    private async Task<Dictionary<(string Topic, int Partition), (long Below, DateTimeOffset Newest)>> ReadAsync()
    {
        await using var command = dataSource.CreateCommand(RetentionSql.Offsets);
        await using var reader = await command.ExecuteReaderAsync();
        var offsets = new Dictionary<(string, int), (long, DateTimeOffset)>();
        while (await reader.ReadAsync())
            offsets[(reader.Get<string>("topic"), reader.Get<int>("partition"))] = (reader.Get<long>("below_offset"), reader.Get<DateTimeOffset>("newest"));
        return offsets;
    }
}
