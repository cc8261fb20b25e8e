using Npgsql;
using NpgsqlTypes;

namespace Persistence;

/// <summary>Parameters of a command, typed also where the value is null.</summary>
internal static class CommandParameters
{
    public static NpgsqlCommand With<T>(this NpgsqlCommand command, string name, T value) where T : notnull
    {
        command.Parameters.Add(new NpgsqlParameter<T>(name, value));
        return command;
    }

    public static NpgsqlCommand With(this NpgsqlCommand command, string name, DateTimeOffset? value) =>
        command.Nullable(name, value?.ToUniversalTime(), NpgsqlDbType.TimestampTz);

    public static NpgsqlCommand Nullable(this NpgsqlCommand command, string name, object? value, NpgsqlDbType type)
    {
        command.Parameters.Add(new NpgsqlParameter(name, type) { Value = value ?? DBNull.Value });
        return command;
    }
}
