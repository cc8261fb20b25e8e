using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Persistence.Failures;

public sealed partial class FailureStore
{
    /// <summary>Up to how many failures are counted.</summary>
    public const int MostCounted = 100_000;

    /// <summary>
    /// Of more than this a count may be up to <see cref="FailureGroupStore.Lifetime"/> old, as groups are: it takes its time, and a page that is looked at
    /// asks for it again and again.
    /// </summary>
    public const int MostCountedAnew = 10_000;

    // So many at the list's beginning are looked at for terms before the index of terms is asked.
    private const int MostLookedAt = 2_000;

    // As many as are sorted in no time.
    private const int MostSorted = 1_000;

    // More different questions than people ask within some seconds.
    private const int MostCountsStored = 100;

    private readonly ConcurrentDictionary<string, (FailureCount Count, long At)> _largeCounts = new();

    /// <summary>Failures, page by page. Rows that come in between do not shift the pages.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="limit">How many at most, from 1 to 1,000.</param>
    /// <param name="cursor">The page before's <see cref="FailurePage.NextCursor"/>, of the same order; null for the first.</param>
    /// <param name="order">In which order.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FormatException">The cursor is not one that this method returned.</exception>
    public async Task<FailurePage> ListAsync(
        FailureFilter filter, int limit, string? cursor = null, FailureOrder order = FailureOrder.Newest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1_000);
        var found = await FindAsync(filter, limit + 1, PageCursor.Parse(cursor), order, cancellationToken);
        return new FailurePage(found, found.CutTo(limit) ? new PageCursor(found[^1].FailedAt, found[^1].Id).ToString() : null);
    }

    /// <summary>How many failures a filter has, counted up to <see cref="MostCounted"/>; of more than <see cref="MostCountedAnew"/> as some seconds ago.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<FailureCount> CountAsync(FailureFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var question = JsonSerializer.Serialize(filter);
        if (_largeCounts.TryGetValue(question, out var last) && timeProvider.GetElapsedTime(last.At) < FailureGroupStore.Lifetime)
            return last.Count;
        var began = timeProvider.GetTimestamp();
        await using var command = CountCommand(filter);
        var found = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        var count = new FailureCount(Math.Min(found, MostCounted), found <= MostCounted);
        if (found <= MostCountedAnew)
            return count;
        if (_largeCounts.Count >= MostCountsStored)
            _largeCounts.Clear();
        _largeCounts[question] = (count, began);
        return count;
    }

    /// <summary>
    /// Finds a page. What terms find (an address, a domain, a code) may be much or next to nothing, and the planner of Postgres cannot tell rare
    /// terms apart: it would walk the whole list for a few failures. So the beginning of the list is looked at, where what is frequent fills a
    /// page; then the index of terms says whether they are few, which are sorted; else the list is walked.
    /// </summary>
    private async Task<List<FailureSummary>> FindAsync(FailureFilter filter, int limit, PageCursor? after, FailureOrder order, CancellationToken cancellationToken)
    {
        if (FailureSearchSql.HasTerms(filter))
        {
            await using var recent = RecentCommand(filter, limit, after, order);
            var found = await ReadAsync(recent, cancellationToken);
            if (found.Count == limit)
                return found;
            await using var few = FewCommand(filter, after, order);
            var ids = await few.ReadIdsAsync(cancellationToken);
            if (ids.Count <= MostSorted)
            {
                await using var sorted = SortedCommand([.. ids], limit, order);
                return await ReadAsync(sorted, cancellationToken);
            }
        }

        await using var page = PageCommand(filter, limit, after, order);
        return await ReadAsync(page, cancellationToken);
    }

    /// <summary>Asks for a page, along the list.</summary>
    internal NpgsqlCommand PageCommand(FailureFilter filter, int limit, PageCursor? after, FailureOrder order) => Paged(
        $"SELECT {FailureSearchSql.Columns} FROM email.failures AS f {FailureSearchSql.Where(filter, After(after, order))} {InOrder(order)} LIMIT @limit", limit, after).WithFilter(filter);

    /// <summary>Asks for what of a page is at the beginning of the list.</summary>
    internal NpgsqlCommand RecentCommand(FailureFilter filter, int limit, PageCursor? after, FailureOrder order) => Paged(
        $"""
        SELECT {FailureSearchSql.Columns}
        FROM (SELECT * FROM email.failures AS f {(After(after, order) is { } further ? $"WHERE {further}" : "")} {InOrder(order)} LIMIT {MostLookedAt}) AS f
        {FailureSearchSql.Where(filter)} {InOrder(order)} LIMIT @limit
        """, limit, after).WithFilter(filter);

    /// <summary>Asks for the ids of all that a filter with terms has from there on, or of one more than are sorted.</summary>
    internal NpgsqlCommand FewCommand(FailureFilter filter, PageCursor? after, FailureOrder order) => WithCursor(
        dataSource.CreateCommand($"SELECT f.id FROM email.failures AS f {FailureSearchSql.Where(filter, After(after, order), byIndexOfTerms: true)} LIMIT {MostSorted + 1}"), after)
        .WithFilter(filter);

    /// <summary>Asks for a page of these.</summary>
    private NpgsqlCommand SortedCommand(Guid[] ids, int limit, FailureOrder order) => Paged(
        $"SELECT {FailureSearchSql.Columns} FROM email.failures AS f WHERE f.id = ANY (@ids) {InOrder(order)} LIMIT @limit", limit, after: null).With("ids", ids);

    private NpgsqlCommand Paged(string sql, int limit, PageCursor? after) =>
        WithCursor(dataSource.CreateCommand(sql), after).With("limit", limit).With("most_recipients", FailureSummary.MostRecipients);

    private static NpgsqlCommand WithCursor(NpgsqlCommand command, PageCursor? after) => after is null ? command : command.With("at", after.At).With("id", after.Id);

    private static string? After(PageCursor? after, FailureOrder order) => after is null ? null : $"(f.failed_at, f.id) {(order == FailureOrder.Newest ? '<' : '>')} (@at, @id)";

    private static string InOrder(FailureOrder order) => order == FailureOrder.Newest ? "ORDER BY f.failed_at DESC, f.id DESC" : "ORDER BY f.failed_at, f.id";

    /// <summary>Asks for a count.</summary>
    internal NpgsqlCommand CountCommand(FailureFilter filter) => dataSource.CreateCommand(
        $"SELECT count(*) FROM (SELECT FROM email.failures AS f {FailureSearchSql.Where(filter)} LIMIT @most) AS counted")
        .WithFilter(filter).With("most", MostCounted + 1);

    /// <summary>A failure with all its columns, actions and copies; null where there is none.</summary>
    /// <param name="id">The failure.</param>
    /// <param name="apiKeyId">The API key that its mail must have been accepted under; null where that does not matter.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Failure?> FindAsync(Guid id, Guid? apiKeyId = null, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        IQueryable<Failure> failures = context.Failures;
        if (apiKeyId is not null)
            failures = failures.Where(failure => context.Mails.Any(mail => (mail.Id == failure.MailId || mail.Id == failure.ConflictsWith) && mail.ApiKeyId == apiKeyId));
        return await failures.AsSplitQuery()
            .Include(failure => failure.Actions.OrderBy(action => action.Id))
            .Include(failure => failure.Copies.OrderBy(copy => copy.SeenAt))
            .SingleOrDefaultAsync(failure => failure.Id == id, cancellationToken);
    }

    /// <summary>The failures that have to do with a mail, oldest first.</summary>
    internal static async Task<List<FailureSummary>> ListOfMailAsync(NpgsqlDataSource dataSource, Guid mailId, CancellationToken cancellationToken)
    {
        var filter = new FailureFilter { MailId = mailId };
        await using var command = dataSource.CreateCommand(
            $"SELECT {FailureSearchSql.Columns} FROM email.failures AS f {FailureSearchSql.Where(filter)} ORDER BY f.epoch, f.failed_at")
            .WithFilter(filter).With("most_recipients", FailureSummary.MostRecipients);
        return await ReadAsync(command, cancellationToken);
    }

    private static async Task<List<FailureSummary>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<FailureSummary>();
        while (await reader.ReadAsync(cancellationToken))
            found.Add(SummaryOf(reader));
        return found;
    }

    private static FailureSummary SummaryOf(NpgsqlDataReader reader) => new()
    {
        Id = reader.Get<Guid>("id"),
        MailId = reader.Get<Guid?>("mail_id"),
        ConflictsWith = reader.Get<Guid?>("conflicts_with"),
        Epoch = reader.Get<int>("epoch"),
        Status = reader.GetEnum<FailureStatus>("status"),
        ExceptionType = reader.Get<string>("exception_type"),
        Message = reader.Get<string>("message"),
        Fingerprint = reader.Get<string>("fingerprint"),
        Subject = reader.Get<string?>("subject"),
        Sender = reader.Get<string?>("sender"),
        Recipients = reader.Get<string[]>("recipients"),
        RecipientCount = reader.Get<int>("recipient_count"),
        ReplyCodes = reader.Get<string[]>("reply_codes"),
        Attempts = reader.Get<int>("attempts"),
        ReplayRequestedAt = reader.Get<DateTimeOffset?>("replay_requested_at"),
        ReplayedAt = reader.Get<DateTimeOffset?>("replayed_at"),
        ReplayedAs = reader.Get<Guid?>("replayed_as"),
        FailedAgainAs = reader.Get<Guid?>("failed_again_as"),
        Round = reader.Get<int>("round"),
        FailedAt = reader.Get<DateTimeOffset>("failed_at"),
    };
}
