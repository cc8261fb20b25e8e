using Npgsql;

namespace Persistence.Schema;

/// <summary>Mails are UTF-8: in a database of another encoding those with a character that it lacks could not be recorded.</summary>
internal static class DatabaseEncoding
{
    private const string Required = "UTF8";

    /// <summary>Completes where the database stores UTF-8.</summary>
    /// <exception cref="SchemaMismatchException">It does not; the message has the command that makes one which does.</exception>
    public static async Task RequireAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT current_setting('server_encoding'), current_database()", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (encoding, database) = (reader.GetString(0), reader.GetString(1));
        if (encoding != Required)
        {
            throw new SchemaMismatchException(
                $"The database \"{database}\" has the encoding {encoding}, and mails need {Required}. A database's encoding cannot be changed; make another one: "
                + $"CREATE DATABASE {database}_utf8 ENCODING '{Required}' LOCALE 'C' TEMPLATE template0; and name it in Database:ConnectionString.");
        }
    }
}
