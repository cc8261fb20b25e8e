using System.Globalization;
using Persistence.Alerts;

namespace Consumer.Worker.Alerts;

/// <summary>What is said of one cause.</summary>
/// <param name="Label">In a word: New, Known or Over.</param>
/// <param name="Title">The cause, with a foreign server's words in it: each channel escapes it in its own way.</param>
/// <param name="Detail">How many failures, since when, how many wait, and the fingerprint.</param>
/// <param name="Link">Where they are listed.</param>
internal sealed record AlertLine(string Label, string Title, string Detail, Uri? Link);

/// <summary>The words of a digest, which the channels for people share. Pure.</summary>
/// <param name="Headline">What it is about, on one line.</param>
/// <param name="Lines">A line for each cause that it names.</param>
/// <param name="Rest">What it counts alone; null where it names all.</param>
internal sealed record AlertText(string Headline, IReadOnlyList<AlertLine> Lines, string? Rest)
{
    /// <summary>Words a digest.</summary>
    /// <param name="digest">The digest.</param>
    /// <param name="environment">What the system is called.</param>
    /// <param name="publicUrl">The API's address, for links; none: there are no links.</param>
    public static AlertText Of(AlertDigest digest, string environment, string? publicUrl) => new(
        $"[{environment}] {HeadlineOf(digest)}",
        [.. digest.Causes.Select(cause => new AlertLine(LabelOf(cause), cause.Title, DetailOf(cause), AlertLinks.Of(publicUrl, cause.Fingerprint)))],
        RestOf(digest));

    private static string HeadlineOf(AlertDigest digest)
    {
        var over = digest.OtherOver + digest.Causes.Count(cause => cause.Over is not null);
        var parts = new[] { digest.Failures > 0 ? $"{Count(digest.Failures, "mail")} failed" : null, over > 0 ? $"{Count(over, "cause")} over" : null };
        return string.Join(", ", parts.OfType<string>()) is { Length: > 0 } text ? text : $"{Count(digest.Causes.Count, "cause")} going on";
    }

    private static string LabelOf(AlertCause cause) => cause.Over is not null ? "Over" : cause.IsNew ? "New" : "Known";

    /// <summary>How many failures a cause has, since when, and how many of them wait.</summary>
    public static string DetailOf(AlertCause cause)
    {
        var since = $"since {Time(cause.Since)}";
        var failures = cause switch
        {
            { Over: not null } => $"{Count(cause.FailuresInAll, "failure")} {since}",
            _ when cause.Failures == cause.FailuresInAll => $"{Count(cause.Failures, "failure")} {since}",
            _ => $"{cause.Failures} more, {Count(cause.FailuresInAll, "failure")} {since}",
        };
        var end = cause.Over switch
        {
            EpisodeEnd.Closed => "; none waits any more",
            EpisodeEnd.Quiet => $"; no new one came since {Time(cause.Latest)}, {cause.Open} open",
            _ => $", {cause.Open} open",
        };
        return $"{failures}{end} (fingerprint {cause.Fingerprint})";
    }

    private static string? RestOf(AlertDigest digest)
    {
        var parts = new[]
        {
            digest.OtherFailures > 0 ? $"{Count(digest.OtherFailures, "failure")} of {Count(digest.OtherCauses, "other cause")}" : null,
            digest.OtherOver > 0 ? $"{Count(digest.OtherOver, "other cause")} over" : null,
        };
        return string.Join(", ", parts.OfType<string>()) is { Length: > 0 } text ? $"{text}: see GET /failures" : null;
    }

    private static string Time(DateTimeOffset time) => string.Create(CultureInfo.InvariantCulture, $"{time.UtcDateTime:yyyy-MM-dd HH:mm} UTC");

    private static string Count(long count, string noun) => string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");
}
