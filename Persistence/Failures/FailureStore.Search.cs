using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Persistence.Text;

namespace Persistence.Failures;

public sealed partial class FailureStore
{
    internal static readonly Expression<Func<Failure, FailureSummary>> Summary = failure => new FailureSummary
    {
        Id = failure.Id,
        MailId = failure.MailId,
        ConflictsWith = failure.ConflictsWith,
        Epoch = failure.Epoch,
        Status = failure.Status,
        ExceptionType = failure.ExceptionType,
        Message = failure.Message,
        Fingerprint = failure.Fingerprint,
        Attempts = failure.Attempts,
        ReplayRequestedAt = failure.ReplayRequestedAt,
        ReplayedAt = failure.ReplayedAt,
        ReplayedAs = failure.ReplayedAs,
        FailedAgainAs = failure.FailedAgainAs,
        Round = failure.Round,
        FailedAt = failure.FailedAt,
    };

    /// <summary>Failures, newest first, page by page. Rows that come in between do not shift the pages.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="limit">How many at most, from 1 to 1,000.</param>
    /// <param name="cursor">The page before's <see cref="FailurePage.NextCursor"/>; null for the first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FormatException">The cursor is not one that this method returned.</exception>
    public async Task<FailurePage> ListAsync(
        FailureFilter filter, int limit, string? cursor = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1_000);
        var after = PageCursor.Parse(cursor);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        // One more than asked for tells whether a page follows.
        var found = await Page(Filtered(context, filter), after).Take(limit + 1).Select(Summary).ToListAsync(cancellationToken);
        if (found.Count <= limit)
            return new FailurePage(found, null);
        found.RemoveAt(limit);
        return new FailurePage(found, new PageCursor(found[^1].FailedAt, found[^1].Id).ToString());
    }

    /// <summary>A failure with all its columns, actions and copies; null where there is none.</summary>
    /// <param name="id">The failure.</param>
    /// <param name="apiKeyId">The API key that its mail must have been accepted under; null where that does not matter.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Failure?> FindAsync(Guid id, Guid? apiKeyId = null, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await Filtered(context, new FailureFilter { ApiKeyId = apiKeyId }).AsSplitQuery()
            .Include(failure => failure.Actions.OrderBy(action => action.Id))
            .Include(failure => failure.Copies.OrderBy(copy => copy.SeenAt))
            .SingleOrDefaultAsync(failure => failure.Id == id, cancellationToken);
    }

    private static IQueryable<Failure> Filtered(EmailDbContext context, FailureFilter filter)
    {
        IQueryable<Failure> failures = context.Failures;
        if (filter.Status is { } status)
            failures = failures.Where(failure => failure.Status == status);
        if (filter.Fingerprint is { } fingerprint)
            failures = failures.Where(failure => failure.Fingerprint == PostgresText.Clean(fingerprint));
        if (filter.MailId is { } mailId)
            failures = failures.Where(failure => failure.MailId == mailId || failure.ReplayedAs == mailId || failure.ConflictsWith == mailId);
        if (filter.ApiKeyId is { } apiKeyId)
            failures = failures.Where(failure => context.Mails.Any(mail => (mail.Id == failure.MailId || mail.Id == failure.ConflictsWith) && mail.ApiKeyId == apiKeyId));
        if (filter.Recipient is { } recipient)
        {
            var wanted = PostgresText.Clean(recipient);
            failures = failures.Where(failure => context.Recipients.Any(to =>
                to.MailId == failure.MailId && SqlFunctions.Lower(to.Address) == SqlFunctions.Lower(wanted)));
        }
        if (filter.Since?.ToUniversalTime() is { } since)
            failures = failures.Where(failure => failure.FailedAt >= since);
        if (filter.Until?.ToUniversalTime() is { } until)
            failures = failures.Where(failure => failure.FailedAt < until);
        return failures;
    }

    private static IQueryable<Failure> Page(IQueryable<Failure> failures, PageCursor? after)
    {
        if (after is { At: var at, Id: var id })
        {
            failures = failures.Where(failure =>
                EF.Functions.LessThan(ValueTuple.Create(failure.FailedAt, failure.Id), ValueTuple.Create(at, id)));
        }
        return failures.OrderByDescending(failure => failure.FailedAt).ThenByDescending(failure => failure.Id);
    }
}
