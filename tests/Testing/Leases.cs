namespace Testing;

/// <summary>Leases of workers that tests register by themselves, whose heart does not beat.</summary>
public static class Leases
{
    /// <summary>Outlasts every run: a fixture's worker has its lease in the last of its tests, too, however slow the machine is.</summary>
    public static readonly TimeSpan Lasting = TimeSpan.FromDays(1);
}
