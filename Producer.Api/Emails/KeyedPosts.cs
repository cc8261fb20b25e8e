using System.Security.Cryptography;
using Contracts;
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

/// <summary>What is posted under an <c>Idempotency-Key</c>.</summary>
/// <param name="Hash">SHA-256 of it.</param>
/// <param name="Mails">Its mails, valid: the first has the id that the key names.</param>
internal sealed record KeyedContent(byte[] Hash, IReadOnlyList<SendEmail> Mails)
{
    public bool CountsFromNow => Mails.Any(mail => mail.ScheduledIn is not null);

    /// <summary>Whether a mail is the first of these, as it was written to the topic by a post that came at a time.</summary>
    public bool IsFirst(Mail mail, DateTimeOffset at) => mail.ContentHash.AsSpan().SequenceEqual(SHA256.HashData(SendEmailJson.Serialize(Mails[0].At(at))));
}

/// <summary>What a post under an <c>Idempotency-Key</c> may do: one of the nested cases, and no other.</summary>
internal abstract record KeyedPost
{
    private KeyedPost()
    {
    }

    /// <summary>Produce under this id, then complete.</summary>
    /// <param name="MailId">The id of the first mail.</param>
    /// <param name="At">What relative times of the mail count from: the same each time that the post is repeated.</param>
    /// <param name="Reservation">The reservation; null where Postgres is away and the options go on without it.</param>
    internal sealed record Go(Guid MailId, DateTimeOffset At, Reservation.Granted? Reservation) : KeyedPost;

    /// <summary>The same was accepted before.</summary>
    /// <param name="MailId">The id of the first mail.</param>
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
    IdempotencyStore store, MailStore mails, MailId ids, PostLimit limit, IOptions<ApiOptions> options, TimeProvider timeProvider, LogLimiter limiter, ILogger<KeyedPosts> logger)
{
    // So long that a burst finds its connections, and so short that a post without Postgres is answered before its caller gives up.
    private TimeSpan Timeout => options.Value.AcceptTimeout / 3;

    /// <summary>Reserves a key.</summary>
    /// <param name="caller">Whose key it is: those of two callers differ, whatever they are.</param>
    /// <param name="key">The key.</param>
    /// <param name="content">What is posted under it.</param>
    public async Task<KeyedPost> BeginAsync(Caller caller, string key, KeyedContent content)
    {
        using var place = limit.TakeForKey();
        if (place.Problem is { } overloaded)
            return new KeyedPost.Refused(overloaded);
        var keyId = ids.Derive(caller.IdempotencySpace, key, caller.KeyId);
        // Not canceled with the caller: a reservation whose post nobody completes would make the next one wait for the end of its lease.
        using var deadline = new CancellationTokenSource(Timeout, timeProvider);
        try
        {
            var reservation = await store.ReserveAsync(
                keyId, content.Hash, options.Value.AcceptTimeout, options.Value.IdempotencyKeyLifetime, ids.New(caller.KeyId), deadline.Token);
            return reservation switch
            {
                Reservation.Granted { IsKnown: true } granted => await OfKnownMailAsync(granted, content, deadline.Token),
                Reservation.Granted granted => Go(granted),
                Reservation.Acknowledged acknowledged => await RepeatAsync(acknowledged.MailId, content, deadline.Token),
                Reservation.OtherContent => Refused(ProblemTypes.IdempotencyKeyReused),
                _ => Refused(ProblemTypes.IdempotencyKeyInUse),
            };
        }
        catch (Exception exception) when (deadline.IsCancellationRequested || PostgresErrors.IsPassing(exception))
        {
            // A time that counts from now is another one when the post is repeated: without the reservation nobody would know from when.
            var goesOn = options.Value.IdempotencyWithoutDatabase == IdempotencyWithoutDatabase.Accept && !content.CountsFromNow;
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
    /// <returns>The result; or why nothing was produced.</returns>
    public async Task<(T Result, ProblemHttpResult? Problem)> ProduceAsync<T>(KeyedPost.Go post, Func<Task<T>> produce, Func<T, EnqueueOutcome> outcomeOf)
    {
        var outcome = EnqueueOutcome.Unknown;
        try
        {
            // Returned before the reservation is told: who waits for Postgres keeps nobody from Kafka.
            using var place = limit.Take();
            if (place.Problem is { } overloaded)
            {
                outcome = EnqueueOutcome.NotWritten;
                return (default!, overloaded);
            }

            var result = await produce();
            outcome = outcomeOf(result);
            return (result, Problem: null);
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
        catch (Exception exception) when (deadline.IsCancellationRequested || PostgresErrors.IsPassing(exception))
        {
            if (limiter.Allows(logger, LogLevel.Warning, "idempotency keys", "not completed"))
                logger.LogWarning("That mail {MailId} is {Outcome} was not noted under its Idempotency-Key, since Postgres did not respond; until {Lease} after its post, posts under the key are refused: {Reason}", post.MailId, outcome, options.Value.AcceptTimeout, exception.Message);
        }
    }

    /// <summary>A mail has the id already: of an earlier post of this one that was not completed, or of one while Postgres was away.</summary>
    private async Task<KeyedPost> OfKnownMailAsync(Reservation.Granted granted, KeyedContent content, CancellationToken cancellationToken)
    {
        if (await mails.FindAsync(granted.MailId, cancellationToken) is not { Mail: var mail })
            return Go(granted);
        if (mail.ContentHash is not null && !content.IsFirst(mail, granted.ReservedAt))
        {
            await store.ReleaseAsync(granted, cancellationToken);
            return Refused(ProblemTypes.IdempotencyKeyReused);
        }

        // Whether those behind the first were produced is not known; the workers drop what is produced twice.
        if (content.Mails.Count > 1)
            return Go(granted);
        if (Taken(mail) is { } taken)
        {
            await store.ReleaseAsync(granted, cancellationToken);
            return taken;
        }

        await store.AcknowledgeAsync(granted, cancellationToken);
        return new KeyedPost.Repeat(mail.Id);
    }

    private async Task<KeyedPost> RepeatAsync(Guid mailId, KeyedContent content, CancellationToken cancellationToken) =>
        content.Mails.Count == 1 && await mails.FindAsync(mailId, cancellationToken) is { Mail: var mail } && Taken(mail) is { } taken ? taken : new KeyedPost.Repeat(mailId);

    /// <summary>A mail that is not sent any more, or whose content nobody has read: what is posted under its key would be dropped.</summary>
    private static KeyedPost.Refused? Taken(Mail mail)
    {
        if (mail is { ContentHash: not null, State: not (MailState.Canceled or MailState.Discarded) })
            return null;
        var state = mail.State.ToText();
        return new KeyedPost.Refused(ProblemTypes.IdempotencyKeyTaken.Because(
            $"The mail under this key is {state}, and a post under it would be dropped. Use a new key.", ("id", mail.Id), ("state", state)));
    }

    private static KeyedPost.Go Go(Reservation.Granted granted) => new(granted.MailId, granted.ReservedAt, granted);

    private static KeyedPost.Refused Refused(ProblemType type) => new(type.Because(type.Meaning));
}
