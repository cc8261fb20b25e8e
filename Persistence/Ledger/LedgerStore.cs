using System.Text.Json;
using Npgsql;
using Persistence.Mails;
using Persistence.Failures;
using Persistence.Text;

namespace Persistence.Ledger;

/// <summary>The database as the ledger reads them: many records at a time, changing nothing. Throws what Npgsql throws.</summary>
public sealed class LedgerStore(NpgsqlDataSource dataSource)
{
    // Sums over all mails take their time, and nobody waits for them but the ledger.
    private const int LongTimeout = 600;

    /// <summary>What the database have for each record, in their order.</summary>
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
            entries.Add(new LedgerEntry(reader.GetBoolean(0) ? Facts(reader, 1, Holder.Lapsed, reader.GetBoolean(6)) : null, reader.GetBoolean(7)));
        return entries;
    }

    /// <summary>Mails that have not come to their end, as they stand at one moment.</summary>
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
                Id = reader.GetGuid(0),
                Row = Facts(reader, 1, reader.GetBoolean(6) ? Holder.Live : Holder.Lapsed, otherContent: false),
                NextAttempt = Value<int?>(reader, 7),
                ReplayPending = reader.GetBoolean(8),
                HasFailure = reader.GetBoolean(9),
                FirstTopic = Value<string?>(reader, 10),
                FirstPartition = Value<int?>(reader, 11),
                FirstOffset = Value<long?>(reader, 12),
                FirstTimestamp = Value<DateTimeOffset?>(reader, 13),
                Subject = Value<string?>(reader, 14),
                LastError = Value<string?>(reader, 15),
                UpdatedAt = reader.GetFieldValue<DateTimeOffset>(16),
            };
        }
    }

    /// <summary>
    /// Before which time a record may have had a row or a failure that the retention job removed; null where it has removed none. What the
    /// record was, a mail or not to be read, cannot be told without either, so the later of both horizons counts.
    /// </summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<DateTimeOffset?> HorizonAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(LedgerSql.Horizon);
        return await command.ExecuteScalarAsync(cancellationToken) is DateTime horizon ? new DateTimeOffset(horizon) : null;
    }

    /// <summary>The greatest offset of a topic that a mail's row names, by partition.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyDictionary<int, long>> LastKnownAsync(string topic, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(LedgerSql.LastKnown).With("topic", topic);
        command.CommandTimeout = LongTimeout;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var offsets = new Dictionary<int, long>();
        while (await reader.ReadAsync(cancellationToken))
            offsets[reader.GetInt32(0)] = reader.GetInt64(1);
        return offsets;
    }

    /// <summary>The bytes of a mail as its latest failure keeps them, or null where it has none.</summary>
    /// <param name="mailId">The mail.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<StoredBytes?> FindStoredAsync(Guid mailId, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(LedgerSql.Kept).With("id", mailId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        using var headers = Value<string?>(reader, 2) is { } text ? JsonDocument.Parse(text) : null;
        return new StoredBytes(Value<byte[]?>(reader, 0), Value<byte[]?>(reader, 1), HeaderJson.Read(headers));
    }

    /// <summary>The columns epoch, attempt, state, outbox entry and whether it is marked, in this order.</summary>
    private static RowFacts Facts(NpgsqlDataReader reader, int first, Holder holder, bool otherContent) => new(
        reader.GetInt32(first),
        reader.GetInt32(first + 1),
        EnumText.Require<MailState>(reader.GetString(first + 2)),
        EnumText.Parse<OutboxKind>(Value<string?>(reader, first + 3)),
        reader.GetBoolean(first + 4),
        holder,
        otherContent);

    private static T? Value<T>(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? default : reader.GetFieldValue<T>(ordinal);
}
