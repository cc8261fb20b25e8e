using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;
using Persistence.Text;

namespace Persistence.Failures;

public sealed partial class FailureStore
{
    // What the writer of dead letters cuts a stack trace to; a record of another writer may have more.
    private const int StackLength = 8_192;

    // Kafka's own limit. The column is part of an index, whose entries Postgres bounds at 2,704 bytes; headers of foreign records are unbounded.
    private const int TopicLength = 249;

    // Each further round sees what another process wrote during the one before.
    private const int MaxRounds = 10;

    /// <summary>
    /// Makes a failure row of a dead letter, in one statement, which also records the letter as published in its mail's row. Projecting twice
    /// changes nothing; nor does a second record of the same mail, epoch and bytes, as a crash between "produced" and "committed" leaves it:
    /// that is recorded as a copy. Other bytes under the same mail and epoch, or than the mail's, are a failure of their own, without the
    /// link: they are not lost, and the mail goes on without them.
    /// </summary>
    /// <param name="record">The dead letter.</param>
    /// <param name="isRebuild">Whether it was projected before, as far as anybody knows: nobody is told of it then, and a row that is there gets what it is found by where it lacks that.</param>
    /// <param name="cancellationToken">Gives up; nothing is projected then, or all of it.</param>
    public async Task<Projection> ProjectAsync(DeadLetter record, bool isRebuild = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(record);
        var fingerprint = Failures.Fingerprint.Of(record.ExceptionType, record.Message);
        var facts = FailureFacts.Of(record);
        for (var round = 0; round < MaxRounds; round++)
        {
            await using var command = Project(record, facts, fingerprint).With("rebuild", isRebuild);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
                continue;
            var projection = new Projection(reader.Get<Guid>("id"), reader.GetEnum<ProjectionKind>("kind"), fingerprint);
            await reader.ThrowUnlessCommittedAsync(cancellationToken);
            return projection;
        }

        throw new InvalidOperationException(
            $"The dead letter {record.Topic}[{record.Partition}]@{record.Offset} was not settled in {MaxRounds} rounds: "
            + "it conflicts with a failure that the statement does not find.");
    }

    private NpgsqlCommand Project(DeadLetter record, FailureFacts facts, string fingerprint) => dataSource.CreateCommand(FailureSql.Project)
        .With("id", Guid.CreateVersion7())
        .With("dlt_topic", record.Topic).With("dlt_partition", record.Partition)
        .With("dlt_offset", record.Offset).With("dlt_timestamp", record.Timestamp)
        .Nullable("mail_id", record.MailId, NpgsqlDbType.Uuid)
        .Nullable("conflicts_with", record.ConflictsWith, NpgsqlDbType.Uuid)
        .With("own", record.IsOwn)
        .With("content_hash", SHA256.HashData(record.Value ?? []))
        .With("epoch", record.Epoch)
        .Nullable("key", record.Key, NpgsqlDbType.Bytea)
        .Nullable("value", record.Value, NpgsqlDbType.Bytea)
        .Nullable("headers", HeaderJson.Write(record.Headers), NpgsqlDbType.Jsonb)
        .With("exception_type", record.ExceptionType)
        .With("message", record.Message)
        .Nullable("stack", PostgresText.CleanAndCut(record.StackTrace, StackLength), NpgsqlDbType.Text)
        .With("fingerprint", fingerprint)
        .Nullable("subject", facts.Subject, NpgsqlDbType.Text)
        .Nullable("sender", facts.Sender, NpgsqlDbType.Text)
        .With("recipients", facts.Recipients)
        .With("reply_codes", facts.ReplyCodes)
        .With("terms", FailureTerms.Of(record, facts))
        .With("attempts", record.Attempts)
        .Nullable("original_topic", PostgresText.CleanAndCut(record.OriginalTopic, TopicLength), NpgsqlDbType.Text)
        .Nullable("original_partition", record.OriginalPartition, NpgsqlDbType.Integer)
        .Nullable("original_offset", record.OriginalOffset, NpgsqlDbType.Bigint)
        .With("original_timestamp", record.OriginalTimestamp)
        .Nullable("original_group", PostgresText.CleanAndCut(record.OriginalGroup, StackLength), NpgsqlDbType.Text)
        .With("failed_at", record.FailedAt);
}
