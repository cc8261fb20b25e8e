using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Persistence.Failures;
using Persistence.Text;

namespace Persistence.Mails;

/// <summary>The database of mails that wait for their time, and of those that are canceled. Every method can be repeated after an answer was lost.</summary>
public sealed class ScheduleStore(NpgsqlDataSource dataSource)
{
    // Each round reads a row that changed after the statement before.
    private const int MaxRounds = 10;

    /// <summary>Writes the row of a scheduled mail, with the copy that sends it, before that is produced.</summary>
    /// <param name="record">The mail's record, as attempt 0.</param>
    /// <param name="copy">What to produce.</param>
    /// <param name="cancellationToken">Gives up; it may have been written then.</param>
    /// <returns>
    /// <see cref="ClaimDecision.Claim"/> where it was written and <see cref="ClaimDecision.OutboxPending"/> where it had been: produce the
    /// copy and mark it. <see cref="ClaimDecision.Stale"/>, <see cref="ClaimDecision.Busy"/> and
    /// <see cref="ClaimDecision.IdempotencyConflict"/> as for a claim; no other.
    /// </returns>
    public async Task<ClaimDecision> KeepAsync(MailRecord record, ScheduledRecord copy, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(copy);
        for (var round = 0; round < MaxRounds; round++)
        {
            if (await TryKeepAsync(record, copy, cancellationToken))
                return ClaimDecision.Claim;
            switch (Transitions.Decide(await ExplainAsync(record, cancellationToken), record.Identity.Epoch, record.Identity.Attempt))
            {
                case ClaimDecision.Raise:
                    await RaiseAsync(record.Identity, cancellationToken);
                    break;
                case ClaimDecision.Claim or ClaimDecision.TakeOver:
                    break;
                case var settled:
                    return settled;
            }
        }

        throw new InvalidOperationException(
            $"The keeping of {record.Identity} found no end in {MaxRounds} rounds: the statement and Transitions disagree about its row.");
    }

    /// <summary>Takes on scheduled mails whose copy is missing: produce it, then mark it. Producing one twice is harmless.</summary>
    /// <param name="timeout">How long a copy may be under way unmarked, or late.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up; those taken on come back later.</param>
    public async Task<IReadOnlyList<MissingCopy>> TakeMissingAsync(TimeSpan timeout, int limit, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(ScheduleSql.TakeMissing).With("timeout", timeout).With("limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var missing = new List<MissingCopy>();
        while (await reader.ReadAsync(cancellationToken))
        {
            using var headers = reader.IsDBNull(5) ? null : JsonDocument.Parse(reader.GetString(5));
            missing.Add(new MissingCopy(reader.GetGuid(0), reader.GetInt32(1), new ScheduledRecord(
                reader.GetFieldValue<DateTimeOffset>(2),
                reader.IsDBNull(3) ? null : reader.GetFieldValue<byte[]>(3),
                reader.IsDBNull(4) ? null : reader.GetFieldValue<byte[]>(4),
                HeaderJson.Read(headers))));
        }

        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        return missing;
    }

    /// <summary>Calls a mail back before it is sent. Canceling twice is canceling once.</summary>
    /// <param name="id">The mail.</param>
    /// <param name="actor">Who asks, for the audit of its failures.</param>
    /// <param name="accepted">Whether the caller knows that the mail was accepted, so that one without a row gets one.</param>
    /// <param name="acceptedAt">When it was, where that is known.</param>
    /// <param name="cancellationToken">Gives up; it may have been canceled then.</param>
    public async Task<CancelResult> CancelAsync(
        Guid id, string actor, bool accepted, DateTimeOffset? acceptedAt = null, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        if (accepted && await InsertCanceledAsync(connection, id, acceptedAt, cancellationToken))
            return CancelResult.Canceled;

        // Locked first: the second statement then sees the recipients as whoever held the row before has left them.
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var locked = new NpgsqlCommand(ScheduleSql.Lock, connection, transaction).With("id", id))
            await locked.ExecuteNonQueryAsync(cancellationToken);
        await using (var cancel = new NpgsqlCommand(ScheduleSql.Cancel, connection, transaction).With("id", id).With("actor", PostgresText.Clean(actor)))
        {
            if (await cancel.ExecuteScalarAsync(cancellationToken) is true)
            {
                await transaction.CommitAsync(cancellationToken);
                return CancelResult.Canceled;
            }
        }

        await using var find = new NpgsqlCommand("SELECT state FROM email.mails WHERE id = @id", connection, transaction).With("id", id);
        return await find.ExecuteScalarAsync(cancellationToken) switch
        {
            null => CancelResult.NotFound,
            string state when EnumText.Require<MailState>(state) == MailState.Canceled => CancelResult.Canceled,
            _ => CancelResult.Refused,
        };
    }

    private async Task<bool> TryKeepAsync(MailRecord record, ScheduledRecord copy, CancellationToken cancellationToken)
    {
        var recipients = record.Recipients.Select(recipient => recipient with { Address = PostgresText.Clean(recipient.Address) })
            .DistinctBy(recipient => recipient.Address).ToList();
        await using var command = WithPosition(dataSource.CreateCommand(ScheduleSql.Keep), record)
            .With("epoch", record.Identity.Epoch)
            .With("message_id_header", PostgresText.Clean(record.MessageIdHeader))
            .With("due", copy.Due)
            .Nullable("stored_key", copy.Key, NpgsqlDbType.Bytea)
            .Nullable("stored_value", copy.Value, NpgsqlDbType.Bytea)
            .Nullable("stored_headers", HeaderJson.Write(copy.Headers), NpgsqlDbType.Jsonb)
            .With("timestamp", record.Timestamp)
            .With("accepted_at", record.AcceptedAt)
            .Nullable("key", record.Key is { } key ? PostgresText.Clean(key) : null, NpgsqlDbType.Text)
            .Nullable("subject", record.Subject is { } subject ? PostgresText.Clean(subject) : null, NpgsqlDbType.Text)
            .With("sender", PostgresText.Clean(record.Sender))
            .With("addresses", recipients.Select(recipient => recipient.Address).ToArray())
            .With("kinds", recipients.Select(recipient => recipient.Kind.ToText()).ToArray());
        return await command.ExecuteCommittedScalarAsync(cancellationToken) is true;
    }

    private async Task<RowFacts?> ExplainAsync(MailRecord record, CancellationToken cancellationToken)
    {
        await using var command = WithPosition(dataSource.CreateCommand(ScheduleSql.Explain), record);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        return new RowFacts(
            reader.GetInt32(0),
            reader.GetInt32(1),
            EnumText.Require<MailState>(reader.GetString(2)),
            EnumText.Parse<OutboxKind>(reader.IsDBNull(3) ? null : reader.GetString(3)),
            reader.GetBoolean(4),
            !reader.IsDBNull(5) && reader.GetBoolean(5) ? Holder.Live : Holder.Lapsed,
            reader.GetBoolean(6));
    }

    private async Task RaiseAsync(RecordIdentity identity, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(ClaimSql.Raise).With("id", identity.MailId).With("epoch", identity.Epoch);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<bool> InsertCanceledAsync(NpgsqlConnection connection, Guid id, DateTimeOffset? acceptedAt, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ScheduleSql.InsertCanceled, connection).With("id", id).With("accepted_at", acceptedAt);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private static NpgsqlCommand WithPosition(NpgsqlCommand command, MailRecord record) => command
        .With("id", record.Identity.MailId)
        .With("topic", record.Topic)
        .With("partition", record.Partition)
        .With("offset", record.Offset)
        .With("content_hash", record.ContentHash);
}
