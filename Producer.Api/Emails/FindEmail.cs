using Persistence.Failures;
using Persistence.Mails;
using Persistence.Workers;
using Producer.Api.Security;
using ServiceDefaults.Kafka;
using ServiceDefaults.Periodic;

namespace Producer.Api.Emails;

/// <summary>A mail, and its events for whoever asks.</summary>
/// <param name="Report">What became of it.</param>
/// <param name="View">Its row; null where it has none.</param>
/// <param name="IssuedAt">When the API accepted it, where that is known.</param>
internal sealed record FoundMail(MailReport Report, MailView? View, DateTimeOffset? IssuedAt)
{
    /// <summary>Whether anything is written of it: a row, or failures. Else its id alone is known.</summary>
    public bool IsWritten { get; init; } = true;

    /// <summary>The events, read off it each time.</summary>
    public IReadOnlyList<MailEvent> Events() => View is null ? MailEvents.Of(Report) : MailEvents.Of(View, IssuedAt);
}

/// <summary>Finds out what became of a mail: by its row, by its failures, or by its id and how far the workers have read.</summary>
internal sealed class FindEmail(
    MailStore mails, FailureStore failures, WorkerStore workers, MailAccess access, ReadPosition read, MailTopics names, PostedMails posted, FollowPauses pauses, TimeProvider timeProvider)
{
    private const int MaxFailures = 100;

    // So long after an id was given out its post may be on its way to Kafka: Api:AcceptTimeout at its most, and that again for clocks that differ.
    private static readonly TimeSpan LongestPost = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>The mail once it has ended, or as it is when the time is over, or nobody goes on following it; null where there is none.</summary>
    public async Task<MailReport?> WhenEndedAsync(Guid id, HttpRequest request, TimeSpan wait, CancellationToken cancellationToken)
    {
        var (caller, started) = (Caller.Of(request.HttpContext), timeProvider.GetTimestamp());
        for (var pause = ShortestPause; ; pause = Backoff.Next(pause, LongestPause))
        {
            var left = wait - timeProvider.GetElapsedTime(started);
            if (await FindAsync(id, caller, cancellationToken) is not { Report: var report })
                return null;
            if (report.HasEnded || left <= TimeSpan.Zero || !await pauses.WaitAsync(request, pause < left ? pause : left, cancellationToken))
                return await WithWaitAsync(report, cancellationToken);
        }
    }

    /// <summary>The mail; null where there is none, or none that the caller may see.</summary>
    public async Task<FoundMail?> FindAsync(Guid id, Caller caller, CancellationToken cancellationToken)
    {
        var issued = access.Find(id, caller);
        var found = await FindWrittenAsync(id, issued, caller, cancellationToken);
        if (found is not { IsWritten: false } || await MayBeUnreadAsync(issued!, cancellationToken))
            return found;
        // What a worker has written meanwhile is found by a second look.
        found = await FindWrittenAsync(id, issued, caller, cancellationToken);
        return found is { IsWritten: false } ? found with { Report = MailReport.Unknown(id, issued!.At) with { Conflicts = found.Report.Conflicts } } : found;
    }

    /// <summary>The mail by its row or its failures; else, where it is one of ours, as one that no worker has read yet.</summary>
    private async Task<FoundMail?> FindWrittenAsync(Guid id, IssuedId? issued, Caller caller, CancellationToken cancellationToken)
    {
        if (await mails.FindAsync(id, cancellationToken) is { } view)
            return MailAccess.MaySee(view.Mail, issued, caller) ? new FoundMail(MailReport.Of(view, issued?.At, names, posted.Find(id)), view, issued?.At) : null;
        if (issued is null && caller.OnlyOf is not null)
            return null;

        // The worker gave its record up before it could make a row of it: undecodable, or invalid.
        var found = (await failures.ListAsync(new FailureFilter { MailId = id }, MaxFailures, cancellationToken: cancellationToken)).Items;
        List<FailureSummary> dead = [.. found.Where(failure => failure.ConflictsWith != id)], conflicts = [.. found.Where(failure => failure.ConflictsWith == id)];
        var report = dead.Count > 0 ? MailReport.Unreadable(id, issued?.At, dead) : issued is not null ? MailReport.Unseen(id, issued.At, posted.Find(id)) : null;
        return report is null ? null : new FoundMail(report with { Conflicts = [.. Enumerable.Reverse(conflicts)] }, View: null, issued?.At) { IsWritten = dead.Count > 0 };
    }

    /// <summary>
    /// Whether a mail that is written nowhere may still come: its post may be on its way, or the workers have not read all that was posted until
    /// then. An id that derives from a key says no time: it is asked about all that was posted until now.
    /// </summary>
    private async Task<bool> MayBeUnreadAsync(IssuedId issued, CancellationToken cancellationToken)
    {
        var now = timeProvider.GetUtcNow();
        var postedBy = issued.At + LongestPost ?? now;
        return postedBy > now || await read.FindAsync(cancellationToken) is not { } until || until < postedBy;
    }

    /// <summary>A mail that is to be sent now says what it waits for, where that is not its turn.</summary>
    public async Task<MailReport> WithWaitAsync(MailReport mail, CancellationToken cancellationToken) =>
        mail.State is ReportedState.Queued && await workers.FindPauseAsync(cancellationToken) is { } pause
            ? mail with { Waiting = new WaitReport(pause.Reason, pause.Since) }
            : mail;
}
