using Npgsql;
using NpgsqlTypes;
using Persistence.Text;

namespace Persistence.Failures;

public sealed partial class FailureStore
{
    // What the writer of dead letters cuts a stack trace to; a record of another writer may have more.
    private const int StackLength = 8_192;

    /// <summary>
    /// Makes a failure row of a dead letter. Projecting twice changes nothing; nor does a second record of the same mail,
    /// epoch and bytes, as a crash between "produced" and "committed" leaves it: that is recorded as a copy. Other bytes
    /// under the same mail and epoch are a failure of their own, without the link, so that they are not lost.
    /// </summary>
    /// <param name="record">The dead letter.</param>
    /// <param name="cancellationToken">Gives up; nothing is projected then, or all of it.</param>
    public async Task<Projection> ProjectAsync(DeadLetter record, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(record);
        var fingerprint = Failures.Fingerprint.Of(record.ExceptionType, record.Message);
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Before the insert, which looks at the mail's state: the mail is locked or settled when the failure is written.
        await MarkDeadAsync(record, transaction, cancellationToken);
        var (id, kind) = await InsertOrFindAsync(record, fingerprint, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new Projection(id, kind, fingerprint);
    }

    private static async Task<(Guid Id, ProjectionKind Kind)> InsertOrFindAsync(
        DeadLetter record, string fingerprint, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        if (await ScalarAsync<Guid>(Insert(record, fingerprint), transaction, cancellationToken) is { } added)
            return (added, ProjectionKind.New);
        if (await ScalarAsync<Guid>(WithPosition(FailureSql.FindByRecord, record), transaction, cancellationToken) is { } known)
            return (known, ProjectionKind.Known);
        if (record.MailId is null)
        {
            var original = await ScalarAsync<Guid>(ByOriginal(record), transaction, cancellationToken);
            return await InsertCopyAsync(record, Expect(original, record), transaction, cancellationToken);
        }
        var (sameMail, sameBytes) = await FindByMailAsync(record, transaction, cancellationToken);
        return sameBytes
            ? await InsertCopyAsync(record, sameMail, transaction, cancellationToken)
            : await InsertOrFindAsync(record with { MailId = null }, fingerprint, transaction, cancellationToken);
    }

    private static async Task<(Guid Id, ProjectionKind Kind)> InsertCopyAsync(
        DeadLetter record, Guid failureId, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await ExecuteAsync(WithPosition(FailureSql.InsertCopy, record).With("id", failureId), transaction, cancellationToken);
        return (failureId, ProjectionKind.Copy);
    }

    private static async Task MarkDeadAsync(DeadLetter record, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        if (record.MailId is not { } mailId)
            return;
        var command = new NpgsqlCommand(FailureSql.MarkDead)
            .With("mail_id", mailId).With("epoch", record.Epoch).With("message", PostgresText.Clean(record.Message));
        await ExecuteAsync(command, transaction, cancellationToken);
    }

    private static async Task<(Guid Id, bool SameBytes)> FindByMailAsync(
        DeadLetter record, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FailureSql.FindByMail)
            .With("mail_id", record.MailId!.Value).With("epoch", record.Epoch)
            .Nullable("value", record.Value, NpgsqlDbType.Bytea);
        Enlist(command, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? (reader.Get<Guid>("id"), reader.Get<bool>("same_bytes"))
            : (Expect(null, record), false);
    }

    private static Guid Expect(Guid? found, DeadLetter record) => found ?? throw new InvalidOperationException(
        $"The dead letter {record.Topic}[{record.Partition}]@{record.Offset} conflicts with a failure that is gone again: "
        + "it was removed at this moment. Project it once more.");

    private static NpgsqlCommand Insert(DeadLetter record, string fingerprint) =>
        WithOriginal(WithPosition(FailureSql.Insert, record), record)
            .With("id", Guid.CreateVersion7())
            .Nullable("mail_id", record.MailId, NpgsqlDbType.Uuid)
            .With("epoch", record.Epoch)
            .Nullable("key", record.Key, NpgsqlDbType.Bytea)
            .Nullable("value", record.Value, NpgsqlDbType.Bytea)
            .Nullable("headers", HeaderJson.Write(record.Headers), NpgsqlDbType.Jsonb)
            .With("exception_type", PostgresText.Clean(record.ExceptionType))
            .With("message", PostgresText.Clean(record.Message))
            .Nullable("stack", PostgresText.CleanAndCut(record.StackTrace, StackLength), NpgsqlDbType.Text)
            .With("fingerprint", fingerprint)
            .With("attempts", record.Attempts)
            .Nullable("original_group", PostgresText.CleanAndCut(record.OriginalGroup, StackLength), NpgsqlDbType.Text)
            .With("failed_at", record.FailedAt);

    private static NpgsqlCommand ByOriginal(DeadLetter record) =>
        WithOriginal(new NpgsqlCommand(FailureSql.FindByOriginal), record);

    private static NpgsqlCommand WithPosition(string sql, DeadLetter record) => new NpgsqlCommand(sql)
        .With("dlt_topic", record.Topic).With("dlt_partition", record.Partition)
        .With("dlt_offset", record.Offset).With("dlt_timestamp", record.Timestamp);

    private static NpgsqlCommand WithOriginal(NpgsqlCommand command, DeadLetter record) => command
        .Nullable("original_topic", PostgresText.CleanAndCut(record.OriginalTopic, StackLength), NpgsqlDbType.Text)
        .Nullable("original_partition", record.OriginalPartition, NpgsqlDbType.Integer)
        .Nullable("original_offset", record.OriginalOffset, NpgsqlDbType.Bigint)
        .With("original_timestamp", record.OriginalTimestamp);
}
