using Npgsql;

namespace Persistence.Protection;

/// <summary>
/// The keys that every instance of the console signs its cookies and forms with: table <c>email.protection_keys</c>. Reads and writes block,
/// as ASP.NET's data protection asks for them so; it holds what it read. Throws what Npgsql throws.
/// </summary>
public sealed class ProtectionKeyStore(NpgsqlDataSource dataSource)
{
    /// <summary>All keys as XML, the oldest first.</summary>
    public IReadOnlyList<string> List()
    {
        using var command = dataSource.CreateCommand("SELECT xml FROM email.protection_keys ORDER BY created_at, name");
        using var reader = command.ExecuteReader();
        var keys = new List<string>();
        while (reader.Read())
            keys.Add(reader.Get<string>("xml"));
        return keys;
    }

    /// <summary>Stores a key; a second time under its name changes nothing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="xml">The key.</param>
    public void Add(string name, string xml)
    {
        using var command = dataSource.CreateCommand("INSERT INTO email.protection_keys (name, xml) VALUES (@name, @xml) ON CONFLICT DO NOTHING")
            .With("name", name).With("xml", xml);
        command.ExecuteNonQuery();
    }
}
