using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Persistence.Failures;

/// <summary>
/// Failures: projected from the dead-letter topic, searched, replayed, discarded; a file for each. Every decision of a person is
/// one transaction with its audit. What is only read for the API is read by EF, which writes the filters and pages.
/// </summary>
public sealed partial class FailureStore(NpgsqlDataSource dataSource, IDbContextFactory<EmailDbContext> contexts);
