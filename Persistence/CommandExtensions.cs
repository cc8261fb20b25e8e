using Npgsql;
using NpgsqlTypes;

namespace Persistence;

/// <summary>What every statement here needs of Npgsql: typed parameters, also where the value is null, and the end of its answer.</summary>
internal static class CommandExtensions
{
    public static NpgsqlCommand With<T>(this NpgsqlCommand command, string name, T value) where T : notnull
    {
        command.Parameters.Add(new NpgsqlParameter<T>(name, value));
        return command;
    }

    // By its UTC, as Npgsql takes no other time.
    public static NpgsqlCommand With(this NpgsqlCommand command, string name, DateTimeOffset value) => command.With(name, (DateTimeOffset?)value);

    public static NpgsqlCommand With(this NpgsqlCommand command, string name, DateTimeOffset? value) =>
        command.Nullable(name, value?.ToUniversalTime(), NpgsqlDbType.TimestampTz);

    public static NpgsqlCommand Nullable(this NpgsqlCommand command, string name, object? value, NpgsqlDbType type)
    {
        command.Parameters.Add(new NpgsqlParameter(name, type) { Value = value ?? DBNull.Value });
        return command;
    }

    /// <summary>
    /// The first value of what a statement that changes something returns, once that is committed, as <see cref="ThrowUnlessCommittedAsync"/>
    /// has it; null where it returns no row. Npgsql's <c>ExecuteScalarAsync</c> does not look at the commit.
    /// </summary>
    /// <param name="command">The statement, its own transaction.</param>
    /// <param name="cancellationToken">Gives up; it may have been committed then.</param>
    public static async Task<object?> ExecuteCommittedScalarAsync(this NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var value = await reader.ReadAsync(cancellationToken) ? reader.GetValue(0) : null;
        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        return value;
    }

    /// <summary>
    /// Reads on to the end of the answer, where it says that all was committed. To be awaited by whoever has read the rows of a
    /// statement that changes something: they come before the commit, and Npgsql swallows a time-out that it meets only when the reader
    /// is disposed. Rows of what was rolled back would count then.
    /// </summary>
    /// <param name="reader">One whose rows were read.</param>
    /// <param name="cancellationToken">Gives up; it may have been committed then.</param>
    public static async Task ThrowUnlessCommittedAsync(this NpgsqlDataReader reader, CancellationToken cancellationToken = default)
    {
        while (await reader.NextResultAsync(cancellationToken))
        {
            // A statement has one result; what comes after it is the commit.
        }
    }
}
