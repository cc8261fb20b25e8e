using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Persistence.Schema;

/// <summary>
/// Turns off what a server, a role or a database sets to end long statements and transactions, for each transaction of a migration: one
/// on a large table takes its time. For the transaction alone, since a pooler gives the session to others.
/// </summary>
internal sealed class MigrationTimeouts : DbTransactionInterceptor
{
    /// <summary>Sets those that the server knows; transaction_timeout is of Postgres 17.</summary>
    public const string TurnOff = """
        SELECT set_config(name, '0', true) FROM pg_settings
        WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
        """;

    /// <inheritdoc />
    public override async ValueTask<DbTransaction> TransactionStartedAsync(
        DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = result;
        command.CommandText = TurnOff;
        await command.ExecuteNonQueryAsync(cancellationToken);
        return result;
    }
}
