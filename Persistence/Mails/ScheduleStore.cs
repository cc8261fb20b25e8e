using Contracts;
using Npgsql;
using NpgsqlTypes;
using Persistence.Failures;

namespace Persistence.Mails;

/// <summary>Mails that wait until they are due, and those that are canceled. Every method can be repeated after a response was lost.</summary>
public sealed class ScheduleStore(NpgsqlDataSource dataSource)
{
    // Each round reads a row that changed after the statement before.
    private const int MaxRounds = 10;

    /// <summary>Writes the row of a scheduled mail, in which it waits until it is due.</summary>
    /// <param name="record">The mail's record, as attempt 0.</param>
    /// <param name="stored">What to produce then.</param>
    /// <param name="cancellationToken">Gives up; it may have been written then.</param>
    /// <returns>
    /// <see cref="ClaimDecision.Claim"/> where it was written and <see cref="ClaimDecision.OutboxPending"/> where it had been: the record is
    /// completed. <see cref="ClaimDecision.Due"/> where the claim is to decide, by the record's own attempt: the mail is due by the clock of
    /// Postgres, or was when it was claimed, or its row has never met a record. <see cref="ClaimDecision.Stale"/>, <see cref="ClaimDecision.Busy"/> and
    /// <see cref="ClaimDecision.IdempotencyConflict"/> as for a claim; no other.
    /// </returns>
    public async Task<ClaimDecision> StoreAsync(MailRecord record, ScheduledRecord stored, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(stored);
        for (var round = 0; round < MaxRounds; round++)
        {
            if (await TryStoreAsync(record, stored, cancellationToken))
                return ClaimDecision.Claim;
            var (row, isUnmet, isTaken) = await FindFactsAsync(record, cancellationToken);
            switch (Transitions.Decide(row, record.Identity.Epoch, record.Identity.Attempt))
            {
                case ClaimDecision.Raise:
                    await RaiseAsync(record.Identity, cancellationToken);
                    break;
                case ClaimDecision.Claim or ClaimDecision.TakeOver:
                    break;
                // For every attempt: where no record was read before, the row is of another epoch, or has ended.
                case ClaimDecision.Stale when isUnmet:
                // It was due when it was claimed. The worker that claimed it may be dead, or the record be a redelivery.
                case ClaimDecision.Stale when row is { Attempt: > 0 } && row.Epoch == record.Identity.Epoch:
                // Once it is marked nobody produces it again: the record that is dropped before would have been its last.
                case ClaimDecision.OutboxPending when isTaken:
                    return ClaimDecision.Due;
                case var settled:
                    return settled;
            }
        }

        throw new InvalidOperationException(
            $"The scheduled mail {record.Identity} was not settled in {MaxRounds} rounds: the statement and Transitions disagree about its row.");
    }

    /// <summary>Takes mails that are due, scheduled ones and those whose hold ended: produce each, then mark them published. Producing one twice is harmless.</summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="timeout">After which time those that are not published by then are due again, for whoever asks.</param>
    /// <param name="cancellationToken">Gives up; those that were taken come back after the timeout.</param>
    public async Task<IReadOnlyList<DueMail>> TakeDueAsync(int limit, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(ScheduleSql.TakeDue).With("timeout", timeout).With("limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var due = new List<DueMail>();
        while (await reader.ReadAsync(cancellationToken))
        {
            due.Add(new DueMail(
                reader.Get<Guid>("id"), reader.Get<int>("epoch"), reader.Get<DateTimeOffset>("outbox_at"), reader.Get<string?>("first_topic"), reader.Get<DateTimeOffset?>("scheduled_at"),
                new WaitingRecord(reader.Get<byte[]?>("stored_key"), reader.Get<byte[]?>("stored_value"), HeaderJson.Read(reader.Get<string?>("stored_headers")))));
        }

        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        return due;
    }

    /// <summary>How long it is, by the clock of Postgres, until the next mail is due; null where none waits.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<TimeSpan?> NextDueAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(ScheduleSql.NextDue);
        return await command.ExecuteScalarAsync(cancellationToken) as TimeSpan?;
    }

    /// <summary>Marks mails that were due as published: their records are acknowledged.</summary>
    /// <param name="mails">The mails.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task MarkPublishedAsync(IReadOnlyCollection<DueMail> mails, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(ScheduleSql.Published)
            .With("ids", mails.Select(mail => mail.MailId).ToArray()).With("epochs", mails.Select(mail => mail.Epoch).ToArray())
            .With("taken", mails.Select(mail => mail.TakenAt).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Cancels a mail before it is sent. Canceling twice is canceling once.</summary>
    /// <param name="id">The mail.</param>
    /// <param name="actor">Who asks, for the audit of its failures.</param>
    /// <param name="accepted">Whether the caller knows that the mail was accepted, so that one without a row gets one.</param>
    /// <param name="apiKeyId">The API key that such a one was accepted under, where that is known.</param>
    /// <param name="acceptedAt">When it was accepted, where that is known: one whose row may have been removed since gets none.</param>
    /// <param name="cancellationToken">Gives up; it may have been canceled then.</param>
    public async Task<CancelResult> CancelAsync(
        Guid id, string actor, bool accepted, Guid? apiKeyId = null, DateTimeOffset? acceptedAt = null, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var refusals = await MailCancels.CancelAsync(transaction, [id], accepted ? [new KnownMail(id, apiKeyId, acceptedAt)] : [], actor, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return !refusals.TryGetValue(id, out var refusal) ? CancelResult.Canceled : refusal switch
        {
            Refusal.MailCanceled => CancelResult.Canceled,
            Refusal.NotFound => CancelResult.NotFound,
            _ => CancelResult.Refused,
        };
    }

    /// <summary>Gives a mail that is scheduled another time. Its record says so in a header: its value stays what was posted.</summary>
    /// <param name="id">The mail.</param>
    /// <param name="due">The time; one that is past means at once.</param>
    /// <param name="cancellationToken">Gives up; it may have been rescheduled then.</param>
    public async Task<RescheduleResult> RescheduleAsync(Guid id, DateTimeOffset due, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        int epoch;
        List<RecordHeader> headers;
        await using (var find = new NpgsqlCommand(ScheduleSql.LockScheduled, connection, transaction).With("id", id))
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
                return RescheduleResult.NotFound;
            if (!reader.Get<bool>("waits"))
                return RescheduleResult.Refused;
            if (reader.Get<DateTimeOffset>("scheduled_at") == due)
                return RescheduleResult.Rescheduled;
            epoch = reader.Get<int>("epoch") + 1;
            headers =
            [
                .. HeaderJson.Read(reader.Get<string?>("stored_headers")).Where(header => header.Name is not (HeaderNames.Epoch or HeaderNames.ScheduledAt)),
                new RecordHeader(HeaderNames.Epoch, epoch),
                new RecordHeader(HeaderNames.ScheduledAt, Rfc3339.Write(due)),
            ];
        }

        await using (var update = new NpgsqlCommand(ScheduleSql.Reschedule, connection, transaction)
            .With("id", id).With("epoch", epoch).With("due", due).Nullable("stored_headers", HeaderJson.Write(headers), NpgsqlDbType.Jsonb))
            await update.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return RescheduleResult.Rescheduled;
    }

    private async Task<bool> TryStoreAsync(MailRecord record, ScheduledRecord stored, CancellationToken cancellationToken)
    {
        await using var command = ScheduleSql.Store.Command(dataSource, command => With(command, record)
            .WithRecipients([(record, RecordParameters.RecipientsOf(record))])
            .With("due", stored.Due)
            .Nullable("stored_key", stored.Record.Key, NpgsqlDbType.Bytea)
            .Nullable("stored_value", stored.Record.Value, NpgsqlDbType.Bytea)
            .Nullable("stored_headers", HeaderJson.Write(stored.Record.Headers), NpgsqlDbType.Jsonb));
        return await command.ExecuteCommittedScalarAsync(cancellationToken) is true;
    }

    private async Task<(RowFacts? Row, bool IsUnmet, bool IsTaken)> FindFactsAsync(MailRecord record, CancellationToken cancellationToken)
    {
        await using var command = ClaimSql.Explain.Command(dataSource, command => With(command, record).With("reclaimed", Array.Empty<Guid>()).With("reclaimed_tokens", Array.Empty<long>()));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.ReadFacts(), reader.Get<bool>("is_unmet"), reader.Get<bool>("is_taken")) : (null, false, false);
    }

    private async Task RaiseAsync(RecordIdentity identity, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await connection.RaiseAsync(identity.MailId, identity.Epoch, cancellationToken);
    }

    // No worker has a scheduled mail.
    private static NpgsqlCommand With(NpgsqlCommand command, MailRecord record) => command.WithRecords([record]).With("worker_ids", new[] { Guid.Empty });
}
