namespace Consumer.Worker.Ledger;

/// <summary>
/// Which findings a repair may put back where the database may have been restored from a backup: it knows nothing of what was sent
/// since, and would have all of that sent again. Pure.
/// </summary>
internal static class RestoredRecords
{
    /// <summary>How many findings are of records that are younger than the database's newest mail, as a restore leaves them.</summary>
    public static int Younger(IEnumerable<DateTimeOffset> missing, DateTimeOffset? newest) => missing.Count(timestamp => newest is null || timestamp > newest);

    /// <summary>The findings to repair; the others are told why they are left.</summary>
    /// <param name="report">What was found.</param>
    /// <param name="since">From when on what is missing was not sent; null where nobody says.</param>
    public static IReadOnlyList<Finding> Allow(LedgerReport report, DateTimeOffset? since)
    {
        if (!report.IsOlder)
            return report.Findings;
        var allowed = new List<Finding>(report.Findings.Count);
        foreach (var finding in report.Findings)
        {
            if ((finding.Timestamp ?? DateTimeOffset.MinValue) >= since)
                allowed.Add(finding);
            else
                finding.Repair = "left: if the database was restored from a backup, it was sent since; --since=TIME, or all, says that it was not";
        }

        return allowed;
    }
}
