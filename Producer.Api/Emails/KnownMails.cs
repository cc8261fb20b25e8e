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
}

/// <summary>
/// Looks up whether an idempotency key was used before. A courtesy to the caller: where Postgres does not respond, or the
/// first post is still on its way, the worker's claim drops the copy of a mail and refuses another mail under the same id.
/// </summary>
internal sealed class KnownMails(MailStore mails, IOptions<ApiOptions> options, TimeProvider timeProvider, ILogger<KnownMails> logger)
{
    public async Task<KnownMail> CompareAsync(Guid id, byte[] canonical, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.Value.LookupTimeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var view = await mails.FindAsync(id, either.Token);
            if (view?.Mail.ContentHash is not { } hash)
                return KnownMail.Unknown;
            return hash.AsSpan().SequenceEqual(SHA256.HashData(canonical)) ? KnownMail.Same : KnownMail.Other;
        }
        catch (Exception exception) when (deadline.IsCancellationRequested || PostgresErrors.IsUnavailable(exception))
        {
            logger.LogWarning("The Idempotency-Key of mail {MailId} was not looked up, since Postgres did not respond: {Reason}", id, exception.Message);
            return KnownMail.Unknown;
        }
    }
}
