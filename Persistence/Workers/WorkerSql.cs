namespace Persistence.Workers;

/// <summary>Parts of statements that look at leases.</summary>
internal static class WorkerSql
{
    /// <summary>The workers whose lease lasts, by the clock of Postgres.</summary>
    public const string Live = "(SELECT * FROM email.workers WHERE lease_until > now())";

    /// <summary>
    /// Holds the mails that were left with an unknown outcome: no worker has this id, and so no lease protects them, and the next claim
    /// takes the mail over.
    /// </summary>
    public const string Nobody = "'00000000-0000-0000-0000-000000000000'::uuid";
}
