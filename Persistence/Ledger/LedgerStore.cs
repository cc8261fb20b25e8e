using Npgsql;
using Persistence.Failures;
using Persistence.Mails;

namespace Persistence.Ledger;

/// <summary>The database as the ledger reads it: many records at a time, changing nothing. Throws what Npgsql throws.</summary>
public sealed class LedgerStore(NpgsqlDataSource dataSource)
{
    // Counts over all mails take long, and only the ledger waits for them.
    private const int LongTimeout = 600;

    /// <summary>What the database has for each record, in their order.</summary>
    /// <param name="records">The records: a few thousand at a time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<LedgerEntry>> LookUpAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        await using var command = dataSource.CreateCommand(LedgerSql.LookUp)
            .With("ids", records.Select(record => record.Identity.MailId).ToArray())
            .With("epochs", records.Select(record => record.Identity.Epoch).ToArray())
            .With("topics", records.Select(record => record.Topic).ToArray())
            .With("partitions", records.Select(record => record.Partition).ToArray())
            .With("offsets", records.Select(record => record.Offset).ToArray())
            .With("timestamps", records.Select(record => record.Timestamp.UtcDateTime).ToArray())
            .With("hashes", records.Select(record => record.ContentHash).ToArray());
        command.CommandTimeout = LongTimeout;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entries = new List<LedgerEntry>(records.Count);
        while (await reader.ReadAsync(cancellationToken))
            entries.Add(new LedgerEntry(reader.ReadFacts(), reader.Get<bool>("has_failure")));
        return entries;
    }

    /// <summary>Mails that are not finished, as they stand at one moment.</summary>
    /// <param name="only">These alone; null: all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async IAsyncEnumerable<OpenMail> OpenMailsAsync(
        IReadOnlyCollection<Guid>? only, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var command = only is null
            ? dataSource.CreateCommand(LedgerSql.Open)
            : dataSource.CreateCommand(LedgerSql.OpenOf).With("ids", only.ToArray());
        command.CommandTimeout = LongTimeout;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            yield return new OpenMail
            {
                Id = reader.Get<Guid>("id"),
                Row = reader.ReadFacts()!,
                NextAttempt = reader.Get<int?>("outbox_attempt"),
                ReplayPending = reader.Get<bool>("replay_pending"),
                HasFailure = reader.Get<bool>("has_failure"),
                FirstTopic = reader.Get<string?>("first_topic"),
                FirstPartition = reader.Get<int?>("first_partition"),
                FirstOffset = reader.Get<long?>("first_offset"),
                FirstTimestamp = reader.Get<DateTimeOffset?>("record_timestamp"),
                Subject = reader.Get<string?>("subject"),
                LastError = reader.Get<string?>("last_error"),
                UpdatedAt = reader.Get<DateTimeOffset>("updated_at"),
            };
        }
    }

    /// <summary>
    /// Before which time a record may have had a row or a failure that the retention job removed; null where it has removed none. Whether the
    /// record was a mail or could not be read is not known without either, so the later of both horizons counts.
    /// </summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<DateTimeOffset?> HorizonAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(LedgerSql.Horizon);
        return await command.ExecuteScalarAsync(cancellationToken) is DateTime horizon ? new DateTimeOffset(horizon) : null;
    }

    /// <summary>The timestamp of the youngest record that a mail's row was made of; null where there is none.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<DateTimeOffset?> NewestAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(LedgerSql.Newest);
        command.CommandTimeout = LongTimeout;
        return await command.ExecuteScalarAsync(cancellationToken) is DateTime newest ? new DateTimeOffset(newest) : null;
    }

    /// <summary>The greatest offset of some topics that a mail's row names, by topic and partition.</summary>
    /// <param name="topics">The topics.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyDictionary<(string Topic, int Partition), long>> LastKnownAsync(IReadOnlyCollection<string> topics, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(LedgerSql.LastKnown).With("topics", topics.ToArray());
        command.CommandTimeout = LongTimeout;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var offsets = new Dictionary<(string, int), long>();
        while (await reader.ReadAsync(cancellationToken))
            offsets[(reader.Get<string>("first_topic"), reader.Get<int>("first_partition"))] = reader.Get<long>("last_offset");
        return offsets;
    }

    /// <summary>The bytes of a mail as its latest failure has them, or null where it has none.</summary>
    /// <param name="mailId">The mail.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<StoredBytes?> FindStoredAsync(Guid mailId, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(LedgerSql.Stored).With("id", mailId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        return new StoredBytes(reader.Get<byte[]?>("key"), reader.Get<byte[]?>("value"), HeaderJson.Read(reader.Get<string?>("headers")));
    }
}
