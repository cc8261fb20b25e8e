using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;
using Persistence.Mails;
using Persistence.Text;

namespace Persistence.Failures;

/// <summary>A dead letter to project.</summary>
/// <param name="Letter">The letter.</param>
/// <param name="Facts">What its failure is found by.</param>
/// <param name="Fingerprint">What failures of its cause share.</param>
/// <param name="IsRebuild">Whether it was projected before, as far as anybody knows.</param>
internal sealed record ProjectionRequest(DeadLetter Letter, FailureFacts Facts, string Fingerprint, bool IsRebuild);

/// <summary>Projects many dead letters in one statement.</summary>
internal sealed class ProjectionBatch(NpgsqlDataSource dataSource)
{
    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;

    // What the writer of dead letters cuts a stack trace to; a record of another writer may have more.
    private const int StackLength = 8_192;

    // Kafka's own limit. The column is part of an index, whose entries Postgres bounds at 2,704 bytes; headers of foreign records are unbounded.
    private const int TopicLength = 249;

    /// <summary>Projects letters of different mails.</summary>
    /// <returns>The result of each; null where it has to be repeated.</returns>
    public async Task<IReadOnlyList<Projection?>> ProjectAsync(IReadOnlyList<ProjectionRequest> requests)
    {
        await using var command = ProjectionSql.Project.Command(dataSource, command => WithLists(WithLetters(command, requests), requests));
        await using var reader = await command.ExecuteReaderAsync();
        var projections = new Projection?[requests.Count];
        while (await reader.ReadAsync())
        {
            var number = reader.Get<int>("n");
            projections[number] = new Projection(reader.Get<Guid>("id"), reader.GetEnum<ProjectionKind>("kind"), requests[number].Fingerprint);
        }

        await reader.ThrowUnlessCommittedAsync();
        return projections;
    }

    private static NpgsqlCommand WithLetters(NpgsqlCommand command, IReadOnlyList<ProjectionRequest> requests)
    {
        return command
            .With("all", BatchSql.All)
            .With("ns", Enumerable.Range(0, requests.Count).ToArray())
            .With("ids", Of(_ => Guid.CreateVersion7()))
            .With("dlt_topics", Of(letter => letter.Topic))
            .With("dlt_partitions", Of(letter => letter.Partition))
            .With("dlt_offsets", Of(letter => letter.Offset))
            .With("dlt_timestamps", Of(letter => letter.Timestamp.ToUniversalTime()))
            .With("mail_ids", Of(letter => letter.MailId))
            .With("conflicts_with", Of(letter => letter.ConflictsWith))
            .With("own", Of(letter => letter.IsOwn))
            .With("content_hashes", Of(letter => SHA256.HashData(letter.Value ?? [])))
            .With("epochs", Of(letter => letter.Epoch))
            .Nullable("keys", Of(letter => letter.Key), NpgsqlDbType.Array | NpgsqlDbType.Bytea)
            .Nullable("values", Of(letter => letter.Value), NpgsqlDbType.Array | NpgsqlDbType.Bytea)
            .Nullable("headers", Of(letter => HeaderJson.Write(letter.Headers)), Texts)
            .With("exception_types", Of(letter => letter.ExceptionType))
            .With("messages", Of(letter => letter.Message))
            .Nullable("stacks", Of(letter => PostgresText.CleanAndCut(letter.StackTrace, StackLength)), Texts)
            .With("fingerprints", requests.Select(request => request.Fingerprint).ToArray())
            .Nullable("subjects", requests.Select(request => request.Facts.Subject).ToArray(), Texts)
            .Nullable("senders", requests.Select(request => request.Facts.Sender).ToArray(), Texts)
            .With("attempts", Of(letter => letter.Attempts))
            .Nullable("original_topics", Of(letter => PostgresText.CleanAndCut(letter.OriginalTopic, TopicLength)), Texts)
            .With("original_partitions", Of(letter => letter.OriginalPartition))
            .With("original_offsets", Of(letter => letter.OriginalOffset))
            .With("original_timestamps", Of(letter => letter.OriginalTimestamp?.ToUniversalTime()))
            .Nullable("original_groups", Of(letter => PostgresText.CleanAndCut(letter.OriginalGroup, StackLength)), Texts)
            .With("failed_at", Of(letter => letter.FailedAt.ToUniversalTime()))
            .With("is_rebuild", requests.Select(request => request.IsRebuild).ToArray());

        T[] Of<T>(Func<DeadLetter, T> value) => [.. requests.Select(request => value(request.Letter))];
    }

    /// <summary>What a letter has several of, as Postgres has no arrays of arrays of different lengths.</summary>
    private static NpgsqlCommand WithLists(NpgsqlCommand command, IReadOnlyList<ProjectionRequest> requests)
    {
        var (numbers, kinds, values) = (new List<int>(), new List<string>(), new List<string>());
        for (var number = 0; number < requests.Count; number++)
        {
            Add(number, "recipient", requests[number].Facts.Recipients);
            Add(number, "code", requests[number].Facts.ReplyCodes);
            Add(number, "term", FailureTerms.Of(requests[number].Letter, requests[number].Facts));
        }

        return command.With("list_ns", numbers.ToArray()).With("list_kinds", kinds.ToArray()).With("list_values", values.ToArray());

        void Add(int number, string kind, string[] of)
        {
            foreach (var value in of)
            {
                numbers.Add(number);
                kinds.Add(kind);
                values.Add(value);
            }
        }
    }
}
