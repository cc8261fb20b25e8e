using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;
using NpgsqlTypes;
using Persistence.Failures;
using Persistence.Text;

namespace Persistence.Alerts;

/// <summary>
/// What people are to be told of failures, and what they were told. A failure's row comes with a row in <c>email.alert_outbox</c>, in one statement; a plan
/// takes those into the episodes of their causes (<c>email.alert_episodes</c>), and puts on its way what each channel has not been told
/// (<c>email.alert_posts</c>), in one transaction. So each failure counts once, an episode ends once, and a channel hears of each once, whatever
/// is killed in between. A post itself is made at least once: again where a worker was killed before it could say that it was made. Throws what Npgsql throws.
/// </summary>
public sealed class AlertStore(NpgsqlDataSource dataSource)
{
    private const int Batch = 10_000;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Gathers new failures, ends episodes that are over, and puts on its way what is due to the channels given.</summary>
    /// <param name="channels">The channels that this worker has.</param>
    /// <param name="quiet">How long after its latest failure an episode is over.</param>
    /// <param name="giveUpAfter">How long a post is tried.</param>
    /// <param name="cancellationToken">Gives up; all was done then, or nothing.</param>
    /// <returns>Whether it was done; not where another worker is at it.</returns>
    public async Task<bool> PlanAsync(IReadOnlyList<AlertChannel> channels, TimeSpan quiet, TimeSpan giveUpAfter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(channels);
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await ScalarAsync(AlertSql.Turn, command => command) is not true)
            return false;
        while (await ScalarAsync(AlertSql.Gather, command => command.With("limit", Batch)) is (long)Batch)
        {
            // As many as were asked for: there may be more.
        }

        await ScalarAsync(AlertSql.End, command => command.With("quiet", quiet));
        await ScalarAsync(AlertSql.Expire, command => command.With("give_up_after", giveUpAfter));
        foreach (var channel in channels)
        {
            await ScalarAsync(AlertSql.See, command => command.With("channel", channel.Name));
            if (await TellAsync(channel, connection, transaction, cancellationToken) is { } digest)
            {
                await ScalarAsync(AlertSql.Post, command => command
                    .With("id", Guid.CreateVersion7()).With("channel", channel.Name).Nullable("digest", JsonSerializer.Serialize(digest, Json), NpgsqlDbType.Jsonb));
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return true;

        async Task<object?> ScalarAsync(string sql, Func<NpgsqlCommand, NpgsqlCommand> with)
        {
            await using var command = with(new NpgsqlCommand(sql, connection, transaction));
            return await command.ExecuteScalarAsync(cancellationToken);
        }
    }

    /// <summary>Claims the digest that is due to a channel; null where none is.</summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="lease">How long nobody else may try it.</param>
    /// <param name="cancellationToken">Gives up; it may have been claimed then, and is claimed again after the lease.</param>
    public async Task<AlertPost?> ClaimAsync(string channel, TimeSpan lease, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(AlertSql.Claim).With("channel", channel).With("lease", lease);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var post = await reader.ReadAsync(cancellationToken)
            ? new AlertPost(
                reader.Get<Guid>("id"), JsonSerializer.Deserialize<AlertDigest>(reader.Get<string>("digest"), Json)!,
                reader.Get<DateTimeOffset>("created_at"), reader.Get<int>("tries"))
            : null;
        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        return post;
    }

    /// <summary>Notes that a digest reached its channel.</summary>
    /// <param name="id">The post.</param>
    /// <param name="cancellationToken">Gives up; where it was not noted, the digest is sent again.</param>
    public async Task MarkSentAsync(Guid id, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(AlertSql.MarkSent).With("id", id);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Notes that a try of a digest failed.</summary>
    /// <param name="post">The post, as it was claimed.</param>
    /// <param name="error">Why; without secrets.</param>
    /// <param name="pause">How long until the next try.</param>
    /// <param name="refused">Whether no try will go better: it is given up at once.</param>
    /// <param name="giveUpAfter">How long after it was made it is given up.</param>
    /// <param name="cancellationToken">Gives up; where it was not noted, the digest is tried again after its lease.</param>
    /// <returns>Whether it was given up.</returns>
    public async Task<bool> MarkFailedAsync(
        AlertPost post, string error, TimeSpan pause, bool refused, TimeSpan giveUpAfter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(post);
        await using var command = dataSource.CreateCommand(AlertSql.MarkFailed)
            .With("id", post.Id).With("tries", post.Tries).With("error", error).With("pause", pause).With("refused", refused)
            .With("give_up_after", giveUpAfter);
        return await command.ExecuteCommittedScalarAsync(cancellationToken) is true;
    }

    /// <summary>Removes episodes and posts that were over a week ago.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RemoveOldAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(AlertSql.Remove);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<AlertDigest?> TellAsync(AlertChannel channel, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(AlertSql.Tell, connection, transaction)
            .With("channel", channel.Name).With("interval", channel.Interval).With("most", channel.MostCauses).With("repeats", channel.Repeats);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var causes = new List<AlertCause>();
        var (allCauses, allFailures, allOver) = (0L, 0L, 0L);
        while (await reader.ReadAsync(cancellationToken))
        {
            causes.Add(CauseOf(reader));
            (allCauses, allFailures, allOver) = (reader.Get<long>("all_causes"), reader.Get<long>("all_failures"), reader.Get<long>("all_over"));
        }

        return causes.Count == 0 ? null : new AlertDigest(
            causes,
            allCauses - causes.Count(cause => cause.Failures > 0),
            allFailures - causes.Sum(cause => cause.Failures),
            allOver - causes.Count(cause => cause.Over is not null));
    }

    private static AlertCause CauseOf(NpgsqlDataReader reader)
    {
        var title = CauseTitle.Of(reader.Get<string>("exception_type"), reader.Get<string>("message"));
        var failures = reader.Get<long>("failures");
        return new AlertCause
        {
            EpisodeId = reader.Get<Guid>("id"),
            Fingerprint = reader.Get<string>("fingerprint"),
            Title = failures == 1 ? title.Text : title.Summary,
            IsNew = reader.Get<bool>("is_new"),
            Failures = reader.Get<long>("added"),
            FailuresInAll = failures,
            Open = reader.Get<long>("open"),
            FailureId = reader.Get<Guid>("failure_id"),
            Since = reader.Get<DateTimeOffset>("opened_at"),
            Latest = reader.Get<DateTimeOffset>("latest_at"),
            OverAt = reader.Get<DateTimeOffset?>("over_at"),
            Over = reader.Get<string?>("over_because") is { } end ? EnumText.Require<EpisodeEnd>(end) : null,
        };
    }
}
