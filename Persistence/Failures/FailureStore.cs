using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Persistence.Failures;

/// <summary>
/// Failures: projected from the dead-letter topic, searched, replayed, discarded; a file for each. Every decision of a person is
/// one transaction with its audit. Lists and their filters are SQL; one failure with all that hangs on it, and the audit, are read by EF.
/// </summary>
public sealed partial class FailureStore(NpgsqlDataSource dataSource, IDbContextFactory<EmailDbContext> contexts, TimeProvider timeProvider);
