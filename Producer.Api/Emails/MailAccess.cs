using Persistence.Mails;
using Producer.Api.Ids;
using Producer.Api.Keys;
using Producer.Api.Security;

namespace Producer.Api.Emails;

/// <summary>An id that this API gave out.</summary>
/// <param name="At">When, where the id says it.</param>
/// <param name="Owner">The stored key that the mail was accepted under; null where it was none of them.</param>
internal sealed record IssuedId(DateTimeOffset? At, Guid? Owner);

/// <summary>
/// Which mails a caller may see and act on: its key's own, or with the scope <c>operate</c>, and without a stored key, all. A mail that no
/// worker has read yet is known by its id, which carries the key in its MAC.
/// </summary>
internal sealed class MailAccess(MailId ids, KnownKeys keys, MailStore mails)
{
    /// <summary>What the id says, where this API gave it out for a mail that the caller may see; null else.</summary>
    public IssuedId? Find(Guid id, Caller caller)
    {
        if (caller.OnlyOf is { } own)
            return ids.IsOurs(id, out var at, own) ? new IssuedId(at, own) : null;
        return Find(id);
    }

    /// <summary>What the id says, where this API gave it out, for whichever mail.</summary>
    public IssuedId? Find(Guid id)
    {
        if (ids.IsOurs(id, out var issuedAt))
            return new IssuedId(issuedAt, Owner: null);
        foreach (var key in keys.Ids)
        {
            if (ids.IsOurs(id, out issuedAt, key))
                return new IssuedId(issuedAt, key);
        }

        return null;
    }

    /// <summary>Whether the caller may see a mail that has a row. One that was read by a worker which did not know keys is known by its id.</summary>
    public static bool MaySee(Mail mail, IssuedId? issued, Caller caller) => issued is not null || caller.Sees(mail.ApiKeyId);

    /// <summary>Whether the caller may act on a mail, if there is one.</summary>
    public async Task<bool> MayActOnAsync(Guid id, IssuedId? issued, Caller caller, CancellationToken cancellationToken) =>
        issued is not null || caller.OnlyOf is null || (await mails.FindAsync(id, cancellationToken) is { Mail: var mail } && caller.Sees(mail.ApiKeyId));
}
