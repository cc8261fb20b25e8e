using Npgsql;
using NpgsqlTypes;
using Persistence.Text;

namespace Persistence;

/// <summary>
/// SQL with named parameters, whose columns are read by name: how every statement runs that is not run for each mail (those are
/// <see cref="Statement"/>s) and that EF cannot write as one.
/// </summary>
internal static class CommandExtensions
{
    public static NpgsqlCommand With<T>(this NpgsqlCommand command, string name, T value) where T : notnull
    {
        command.Parameters.Add(new NpgsqlParameter<T>(name, Storable(value)));
        return command;
    }

    // By its UTC, as Npgsql takes no other time.
    public static NpgsqlCommand With(this NpgsqlCommand command, string name, DateTimeOffset value) => command.With(name, (DateTimeOffset?)value);

    public static NpgsqlCommand With(this NpgsqlCommand command, string name, DateTimeOffset? value) =>
        command.Nullable(name, value?.ToUniversalTime(), NpgsqlDbType.TimestampTz);

    public static NpgsqlCommand Nullable(this NpgsqlCommand command, string name, object? value, NpgsqlDbType type)
    {
        command.Parameters.Add(new NpgsqlParameter(name, type) { Value = value is null ? DBNull.Value : Storable(value) });
        return command;
    }

    /// <summary>
    /// Text that Postgres takes, here for every parameter: an error of encoding when it is bound would leave the connection's prepared
    /// statements out of step, and cost a mail's neighbours an attempt.
    /// </summary>
    private static T Storable<T>(T value) where T : notnull => value switch
    {
        string text => (T)(object)PostgresText.Clean(text),
        string?[] texts when Array.Exists(texts, text => text is not null && !PostgresText.IsClean(text)) =>
            (T)(object)Array.ConvertAll(texts, PostgresText.CleanOrNull),
        _ => value,
    };

    /// <summary>The ids (<c>id</c>) that a question, or a part of a transaction, returns, in its order.</summary>
    public static async Task<List<Guid>> ReadIdsAsync(this NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new List<Guid>();
        while (await reader.ReadAsync(cancellationToken))
            ids.Add(reader.Get<Guid>("id"));
        return ids;
    }

    /// <summary>A value by its column's name; null, where the type allows that, for NULL.</summary>
    public static T Get<T>(this NpgsqlDataReader reader, string column)
    {
        var ordinal = reader.GetOrdinal(column);
        return default(T) is null && reader.IsDBNull(ordinal) ? default! : reader.GetFieldValue<T>(ordinal);
    }

    /// <summary>An enum's value by its column's name.</summary>
    public static T GetEnum<T>(this NpgsqlDataReader reader, string column) where T : struct, Enum => EnumText.Require<T>(reader.Get<string>(column));

    /// <summary>
    /// The first value of what a statement that changes something returns, once that is committed (<see cref="ThrowUnlessCommittedAsync"/>); null where it returns no row. Npgsql's <c>ExecuteScalarAsync</c> does not look at the commit.
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
    /// Reads to the end of the response, which says that all was committed. Await it after reading the rows of a
    /// statement that changes something: they come before the commit, and Npgsql swallows a timeout that it meets only when the reader
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
