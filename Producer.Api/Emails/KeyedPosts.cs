using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Persistence;
using Persistence.Idempotency;
using Persistence.Mails;
using Persistence.Text;
using Producer.Api.Configuration;
using Producer.Api.Ids;
using Producer.Api.Problems;
using Producer.Api.Security;
using ServiceDefaults.Logging;

namespace Producer.Api.Emails;

/// <summary>What a post under an <c>Idempotency-Key</c> may do: one of the nested cases, and no other.</summary>
internal abstract record KeyedPost
{
    private KeyedPost()
    {
    }

    /// <summary>Produce under this id, then complete.</summary>
    /// <param name="MailId">The id.</param>
    /// <param name="At">What relative times of the mail count from: the same each time that the post is repeated.</param>
    /// <param name="Reservation">The reservation; null where Postgres is away and the options go on without it.</param>
    internal sealed record Go(Guid MailId, DateTimeOffset At, Reservation.Granted? Reservation) : KeyedPost;

    /// <summary>The same was accepted before.</summary>
    /// <param name="MailId">Its id.</param>
    internal sealed record Repeat(Guid MailId) : KeyedPost;

    /// <summary>Nothing is to be produced.</summary>
    /// <param name="Problem">Why.</param>
    internal sealed record Refused(ProblemHttpResult Problem) : KeyedPost;
}

/// <summary>
/// Posts under an <c>Idempotency-Key</c>: the key is reserved in Postgres before anything is produced, and told what became of it. A process
/// that dies in between leaves a reservation whose lease ends; the same post then goes on under the same id, and the worker's claim drops
/// what is produced twice.
/// </summary>
internal sealed class KeyedPosts(
    IdempotencyStore store, MailStore mails, MailId ids, IOptions<ApiOptions> options, TimeProvider timeProvider, LogLimiter limiter, ILogger<KeyedPosts> logger)
{
    // So long that a burst finds its connections, and so short that a post without Postgres is answered before its caller gives up.
    private TimeSpan Timeout => options.Value.AcceptTimeout / 3;

    /// <summary>Reserves a key.</summary>
    /// <param name="caller">Whose key it is: those of two callers differ, whatever they are.</param>
    /// <param name="key">The key.</param>
    /// <param name="contentHash">SHA-256 of what is posted under it.</param>
    public async Task<KeyedPost> BeginAsync(Caller caller, string key, byte[] contentHash)
    {
        var keyId = ids.Derive(caller.IdempotencySpace, key, caller.KeyId);
        // Not canceled with the caller: a reservation whose post nobody completes would make the next one wait for the end of its lease.
        using var deadline = new CancellationTokenSource(Timeout, timeProvider);
        try
        {
            var reservation = await store.ReserveAsync(
                keyId, contentHash, options.Value.AcceptTimeout, options.Value.IdempotencyKeyLifetime, () => ids.New(caller.KeyId), deadline.Token);
            return reservation switch
            {
                Reservation.Granted { IsKnown: true } granted => await OfKnownMailAsync(granted, contentHash, caller.KeyId, deadline.Token),
                Reservation.Granted granted => new KeyedPost.Go(granted.MailId, granted.ReservedAt, granted),
                Reservation.Acknowledged acknowledged => await RepeatAsync(acknowledged.MailId, deadline.Token),
                Reservation.OtherContent => Refused(ProblemTypes.IdempotencyKeyReused),
                _ => Refused(ProblemTypes.IdempotencyKeyInUse),
            };
        }
        catch (Exception exception) when (deadline.IsCancellationRequested || PostgresErrors.IsUnavailable(exception))
        {
            var goesOn = options.Value.IdempotencyWithoutDatabase == IdempotencyWithoutDatabase.Accept;
            if (limiter.Allows(logger, LogLevel.Warning, "idempotency keys", "not reserved"))
                logger.LogWarning("The Idempotency-Key of mail {MailId} was not reserved, and the post was {Done}, since Postgres did not respond: {Reason}", keyId, goesOn ? "accepted" : "refused", exception.Message);
            return goesOn
                ? new KeyedPost.Go(keyId, timeProvider.GetUtcNow(), Reservation: null)
                : Refused(ProblemTypes.IdempotencyUnavailable);
        }
    }

    /// <summary>Produces what is posted, and tells the reservation what became of it, also where that is not known, as producing threw.</summary>
    /// <param name="post">The post.</param>
    /// <param name="produce">Produces it.</param>
    /// <param name="outcomeOf">What became of it.</param>
    public async Task<T> ProduceAsync<T>(KeyedPost.Go post, Func<Task<T>> produce, Func<T, EnqueueOutcome> outcomeOf)
    {
        var outcome = EnqueueOutcome.Unknown;
        try
        {
            var result = await produce();
            outcome = outcomeOf(result);
            return result;
        }
        finally
        {
            await CompleteAsync(post, outcome);
        }
    }

    /// <summary>Never throws: the answer to the caller stands, and a lease ends by itself.</summary>
    private async Task CompleteAsync(KeyedPost.Go post, EnqueueOutcome outcome)
    {
        if (post.Reservation is not { } reservation)
            return;
        using var deadline = new CancellationTokenSource(Timeout, timeProvider);
        try
        {
            await (outcome switch
            {
                EnqueueOutcome.Acknowledged => store.AcknowledgeAsync(reservation, deadline.Token),
                EnqueueOutcome.NotWritten => store.ReleaseAsync(reservation, deadline.Token),
                _ => store.EndLeaseAsync(reservation, deadline.Token),
            });
        }
        catch (Exception exception) when (deadline.IsCancellationRequested || PostgresErrors.IsUnavailable(exception))
        {
            if (limiter.Allows(logger, LogLevel.Warning, "idempotency keys", "not completed"))
                logger.LogWarning("That mail {MailId} is {Outcome} was not noted under its Idempotency-Key, since Postgres did not respond; until {Lease} after its post, posts under the key are refused: {Reason}", post.MailId, outcome, options.Value.AcceptTimeout, exception.Message);
        }
    }

    /// <summary>A mail has the id already: an earlier post of this one that was not completed, one of before the key expired, or one while Postgres was away.</summary>
    private async Task<KeyedPost> OfKnownMailAsync(Reservation.Granted granted, byte[] contentHash, Guid? apiKeyId, CancellationToken cancellationToken)
    {
        if (await mails.FindAsync(granted.MailId, cancellationToken) is not { Mail: var mail })
            return new KeyedPost.Go(granted.MailId, granted.ReservedAt, granted);
        if (!granted.IsContinued && mail.CreatedAt + options.Value.IdempotencyKeyLifetime < timeProvider.GetUtcNow())
        {
            return await store.RenameAsync(granted, ids.New(apiKeyId), cancellationToken) is { } renamed
                ? new KeyedPost.Go(renamed.MailId, renamed.ReservedAt, renamed)
                : Refused(ProblemTypes.IdempotencyKeyInUse);
        }

        if (granted.IsContinued || mail.ContentHash is not { } known || known.AsSpan().SequenceEqual(contentHash))
        {
            if (Taken(mail) is { } taken)
            {
                await store.ReleaseAsync(granted, cancellationToken);
                return taken;
            }

            await store.AcknowledgeAsync(granted, cancellationToken);
            return new KeyedPost.Repeat(mail.Id);
        }

        await store.ReleaseAsync(granted, cancellationToken);
        return Refused(ProblemTypes.IdempotencyKeyReused);
    }

    private async Task<KeyedPost> RepeatAsync(Guid mailId, CancellationToken cancellationToken) =>
        await mails.FindAsync(mailId, cancellationToken) is { Mail: var mail } && Taken(mail) is { } taken ? taken : new KeyedPost.Repeat(mailId);

    /// <summary>A mail that is not sent any more, or whose content nobody has read: what is posted under its key would be dropped.</summary>
    private static KeyedPost.Refused? Taken(Mail mail)
    {
        if (mail is { ContentHash: not null, State: not (MailState.Canceled or MailState.Discarded) })
            return null;
        var state = mail.State.ToText();
        return new KeyedPost.Refused(ProblemTypes.IdempotencyKeyTaken.Because(
            $"The mail under this key is {state}, and a post under it would be dropped. Use a new key.", ("id", mail.Id), ("state", state)));
    }

    private static KeyedPost.Refused Refused(ProblemType type) => new(type.Because(type.Meaning));
}
