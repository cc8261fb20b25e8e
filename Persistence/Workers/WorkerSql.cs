namespace Persistence.Workers;

/// <summary>Parts of statements that look at leases.</summary>
internal static class WorkerSql
{
    /// <summary>The workers whose lease lasts, by the clock of Postgres.</summary>
    public const string Live = "(SELECT * FROM email.workers WHERE lease_until > now())";
}
