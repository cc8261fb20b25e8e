using Microsoft.EntityFrameworkCore;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Workers;

namespace Persistence;

/// <summary>
/// The model of schema <c>email</c>: the migrations are generated from it, and EF reads by it what the API shows (one mail, one failure,
/// pages of them). Everything else is SQL in the stores.
/// </summary>
public sealed class EmailDbContext(DbContextOptions<EmailDbContext> options) : DbContext(options)
{
    /// <summary>The schema that everything is in.</summary>
    public const string Schema = "email";

    /// <summary>The table of the migrations that were applied.</summary>
    public const string MigrationsTable = "schema_migrations";

    /// <summary>Mails.</summary>
    public DbSet<Mail> Mails => Set<Mail>();

    /// <summary>Their recipients.</summary>
    public DbSet<MailRecipient> Recipients => Set<MailRecipient>();

    /// <summary>The records of scheduled mails.</summary>
    public DbSet<StoredRecord> StoredRecords => Set<StoredRecord>();

    /// <summary>Failures.</summary>
    public DbSet<Failure> Failures => Set<Failure>();

    /// <summary>What was done about them.</summary>
    public DbSet<FailureAction> FailureActions => Set<FailureAction>();

    /// <summary>Dead letters that repeat a failure.</summary>
    public DbSet<FailureCopy> FailureCopies => Set<FailureCopy>();

    /// <summary>Workers and their leases.</summary>
    public DbSet<Worker> Workers => Set<Worker>();

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(EmailDbContext).Assembly);
    }
}
