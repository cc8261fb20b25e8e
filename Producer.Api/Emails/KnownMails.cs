using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Persistence;
using Persistence.Mails;
using Producer.Api.Configuration;

namespace Producer.Api.Emails;

/// <summary>What Postgres knows of a mail's id before the mail is posted.</summary>
internal enum KnownMail
{
    /// <summary>Nothing, or Postgres did not respond in time.</summary>
    Unknown,

    /// <summary>The very same mail came before.</summary>
    Same,

    /// <summary>Another mail came under this id.</summary>
    Other,

    /// <summary>
    /// A mail under this id was canceled or discarded, or waits for a replay and no record of it was ever read: whatever is posted under the id
    /// now would be dropped.
    /// </summary>
    Taken,
}

/// <summary>What was found.</summary>
/// <param name="Known">How it compares with what is posted.</param>
/// <param name="State">The mail's state, where there is one.</param>
internal sealed record KnownMailResult(KnownMail Known, MailState? State = null);

/// <summary>
/// Looks up whether an idempotency key was used before. A courtesy to the caller: where Postgres does not respond, or the
/// first post is still on its way, the worker's claim drops the copy of a mail and refuses another mail under the same id.
/// </summary>
internal sealed class KnownMails(MailStore mails, IOptions<ApiOptions> options, TimeProvider timeProvider, ILogger<KnownMails> logger)
{
    public async Task<KnownMailResult> CompareAsync(Guid id, byte[] canonical, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.Value.LookupTimeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var view = await mails.FindAsync(id, either.Token);
            return view is null ? new KnownMailResult(KnownMail.Unknown) : new KnownMailResult(Compare(view.Mail, SHA256.HashData(canonical)), view.Mail.State);
        }
        catch (Exception exception) when (deadline.IsCancellationRequested || PostgresErrors.IsUnavailable(exception))
        {
            logger.LogWarning("The Idempotency-Key of mail {MailId} was not looked up, since Postgres did not respond: {Reason}", id, exception.Message);
            return new KnownMailResult(KnownMail.Unknown);
        }
    }

    private static KnownMail Compare(Mail mail, byte[] hash) => mail switch
    {
        { ContentHash: { } known } when !known.AsSpan().SequenceEqual(hash) => KnownMail.Other,
        { ContentHash: null } or { State: MailState.Canceled or MailState.Discarded } => KnownMail.Taken,
        _ => KnownMail.Same,
    };
}
