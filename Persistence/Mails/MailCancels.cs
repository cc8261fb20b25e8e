using Npgsql;
using Persistence.Failures;

namespace Persistence.Mails;

/// <summary>A mail that the caller knows was accepted, by its id, whether it has a row or not.</summary>
/// <param name="Id">The mail.</param>
/// <param name="ApiKeyId">The API key that it was accepted under, where that is known.</param>
/// <param name="AcceptedAt">When it was accepted, where its id says so.</param>
public sealed record KnownMail(Guid Id, Guid? ApiKeyId, DateTimeOffset? AcceptedAt = null);

/// <summary>Cancels mails before they are sent, one or some hundred: a fixed number of statements in the caller's transaction.</summary>
internal static class MailCancels
{
    /// <summary>The mail <c>m</c> waits or is held; one of which a recipient has got something is refused all the same.</summary>
    public const string MayBe = "m.state IN ('scheduled', 'queued', 'held')";

    /// <summary>Cancels mails, each by itself.</summary>
    /// <param name="transaction">They are canceled once this is committed.</param>
    /// <param name="ids">The mails, each once.</param>
    /// <param name="accepted">
    /// Those among them that get a row where they have none: their records, which no worker has read yet, are stale by it. Not one that is as old as
    /// what the retention job has removed.
    /// </param>
    /// <param name="actor">Who asks, for the audit of their failures.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Those that were not canceled by this, and why.</returns>
    public static async Task<IReadOnlyDictionary<Guid, Refusal>> CancelAsync(
        NpgsqlTransaction transaction, IReadOnlyCollection<Guid> ids, IReadOnlyCollection<KnownMail> accepted, string actor, CancellationToken cancellationToken)
    {
        var canceled = new HashSet<Guid>();
        if (accepted.Count > 0)
        {
            await using var insert = new NpgsqlCommand(ScheduleSql.InsertCanceled, transaction.Connection, transaction)
                .With("ids", accepted.Select(mail => mail.Id).ToArray()).With("api_key_ids", accepted.Select(mail => mail.ApiKeyId).ToArray())
                .With("accepted_at", accepted.Select(mail => mail.AcceptedAt).ToArray());
            canceled.UnionWith(await insert.ReadIdsAsync(cancellationToken));
        }

        // Locked first: the statement after it then sees the recipients as the last one that had the row locked left them.
        var others = ids.Where(id => !canceled.Contains(id)).ToArray();
        var states = await LockAsync(transaction, others, cancellationToken);
        await using var cancel = new NpgsqlCommand(ScheduleSql.Cancel, transaction.Connection, transaction).With("ids", others).With("actor", actor);
        canceled.UnionWith(await cancel.ReadIdsAsync(cancellationToken));
        return others.Where(id => !canceled.Contains(id)).ToDictionary(id => id, id => states.TryGetValue(id, out var state) ? Explain(state) : Refusal.NotFound);
    }

    private static Refusal Explain(MailState state) => state switch
    {
        MailState.Sending => Refusal.MailInProgress,
        MailState.Sent => Refusal.MailSent,
        MailState.Canceled => Refusal.MailCanceled,
        MailState.Dead => Refusal.MailDead,
        MailState.Discarded => Refusal.MailDiscarded,
        _ => Refusal.MailPartlySent,
    };

    private static async Task<Dictionary<Guid, MailState>> LockAsync(NpgsqlTransaction transaction, Guid[] ids, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ScheduleSql.Lock, transaction.Connection, transaction).With("ids", ids);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var states = new Dictionary<Guid, MailState>();
        while (await reader.ReadAsync(cancellationToken))
            states[reader.Get<Guid>("id")] = reader.GetEnum<MailState>("state");
        return states;
    }
}
