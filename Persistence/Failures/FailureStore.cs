using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Persistence.Failures;

/// <summary>
/// Failures: projected from the dead-letter topic, searched, replayed, discarded; a file for each. Every decision of a person is
/// one transaction with its audit. What is only read for the API is read by EF, which writes the filters and pages.
/// </summary>
public sealed partial class FailureStore(NpgsqlDataSource dataSource, IDbContextFactory<EmailDbContext> contexts)
{
    private static async Task<bool> ExecuteAsync(NpgsqlCommand command, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using (command)
        {
            Enlist(command, transaction);
            return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
        }
    }

    private static async Task<T?> ScalarAsync<T>(NpgsqlCommand command, NpgsqlTransaction transaction, CancellationToken cancellationToken)
        where T : struct
    {
        await using (command)
        {
            Enlist(command, transaction);
            return await command.ExecuteScalarAsync(cancellationToken) as T?;
        }
    }

    private static void Enlist(NpgsqlCommand command, NpgsqlTransaction transaction)
    {
        command.Connection = transaction.Connection;
        command.Transaction = transaction;
    }
}
