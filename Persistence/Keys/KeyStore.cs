using Npgsql;
using NpgsqlTypes;
using Persistence.Text;

namespace Persistence.Keys;

/// <summary>API keys in Postgres. Table <c>email.api_keys</c>, which has the hashes of secrets alone. Throws what Npgsql throws.</summary>
public sealed class KeyStore(NpgsqlDataSource dataSource)
{
    private const string Columns = """
        id, name, scopes, from_domains, rate, prefix, hash, previous_prefix, previous_hash, previous_until,
        created_at, created_by, expires_at, rotated_at, revoked_at, revoked_by, last_used_at
        """;

    /// <summary>All keys, the oldest first, also those that are revoked.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken = default) =>
        ReadAsync(dataSource.CreateCommand($"SELECT {Columns} FROM email.api_keys ORDER BY id"), cancellationToken);

    /// <summary>Makes a key; null where one of its name is there and not revoked.</summary>
    /// <param name="key">The key.</param>
    /// <param name="secret">Its secret.</param>
    /// <param name="actor">Who makes it.</param>
    /// <param name="cancellationToken">Gives up; it may have been made then.</param>
    public Task<ApiKey?> CreateAsync(NewKey key, SecretHash secret, string actor, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(secret);
        return ReadOneAsync(
            dataSource.CreateCommand($"""
                INSERT INTO email.api_keys (id, name, scopes, from_domains, rate, expires_at, prefix, hash, created_by)
                VALUES (@id, @name, @scopes, @from_domains, @rate, @expires_at, @prefix, @hash, @actor)
                ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
                RETURNING {Columns}
                """)
                .With("id", Guid.CreateVersion7())
                .With("name", key.Name)
                .With("scopes", key.Scopes.Select(scope => scope.ToText()).ToArray())
                .With("from_domains", key.FromDomains.ToArray())
                .Nullable("rate", key.Rate, NpgsqlDbType.Text)
                .With("expires_at", key.ExpiresAt),
            secret, actor, cancellationToken);
    }

    /// <summary>
    /// Gives a key another secret. The one before stays valid for a while; one that was still valid from an earlier rotation ends. Null
    /// where no such key is there, or it is revoked.
    /// </summary>
    /// <param name="id">The key.</param>
    /// <param name="secret">Its new secret.</param>
    /// <param name="overlap">How long the present one stays valid; none: not at all.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="cancellationToken">Gives up; it may have been rotated then.</param>
    public Task<ApiKey?> RotateAsync(Guid id, SecretHash secret, TimeSpan overlap, string actor, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(secret);
        return ReadOneAsync(
            dataSource.CreateCommand($"""
                UPDATE email.api_keys SET
                    previous_prefix = CASE WHEN @overlap > interval '0' THEN prefix END, previous_hash = CASE WHEN @overlap > interval '0' THEN hash END,
                    previous_until = CASE WHEN @overlap > interval '0' THEN now() + @overlap END,
                    prefix = @prefix, hash = @hash, rotated_at = now(), rotated_by = @actor
                WHERE id = @id AND revoked_at IS NULL
                RETURNING {Columns}
                """)
                .With("id", id).With("overlap", overlap),
            secret, actor, cancellationToken);
    }

    /// <summary>Revokes a key, with all of its secrets. Revoking it twice is revoking it once; null where no such key is there.</summary>
    /// <param name="id">The key.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="cancellationToken">Gives up; it may have been revoked then.</param>
    public async Task<ApiKey?> RevokeAsync(Guid id, string actor, CancellationToken cancellationToken = default)
    {
        var revoked = await ReadAsync(
            dataSource.CreateCommand($"""
                UPDATE email.api_keys SET revoked_at = coalesce(revoked_at, now()), revoked_by = coalesce(revoked_by, @actor)
                WHERE id = @id
                RETURNING {Columns}
                """)
                .With("id", id).With("actor", actor),
            cancellationToken);
        return revoked.Count == 0 ? null : revoked[0];
    }

    /// <summary>Notes when keys were used last.</summary>
    /// <param name="uses">The keys, each once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task MarkUsedAsync(IReadOnlyCollection<KeyValuePair<Guid, DateTimeOffset>> uses, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(uses);
        // In one order, so that two instances do not wait for each other.
        await using var command = dataSource.CreateCommand("""
            UPDATE email.api_keys AS k SET last_used_at = greatest(k.last_used_at, given.at)
            FROM (
                SELECT l.id, g.at FROM unnest(@ids, @times) AS g (id, at) JOIN email.api_keys AS l ON l.id = g.id ORDER BY l.id FOR NO KEY UPDATE OF l
            ) AS given
            WHERE k.id = given.id
            """)
            .With("ids", uses.Select(use => use.Key).ToArray()).With("times", uses.Select(use => use.Value.ToUniversalTime()).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<ApiKey?> ReadOneAsync(NpgsqlCommand command, SecretHash secret, string actor, CancellationToken cancellationToken)
    {
        var keys = await ReadAsync(command.With("prefix", secret.Prefix).With("hash", secret.Hash).With("actor", actor), cancellationToken);
        return keys.Count == 0 ? null : keys[0];
    }

    private static async Task<IReadOnlyList<ApiKey>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using (command)
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var keys = new List<ApiKey>();
            while (await reader.ReadAsync(cancellationToken))
                keys.Add(KeyOf(reader));
            await reader.ThrowUnlessCommittedAsync(cancellationToken);
            return keys;
        }
    }

    private static ApiKey KeyOf(NpgsqlDataReader reader) => new()
    {
        Id = reader.Get<Guid>("id"),
        Name = reader.Get<string>("name"),
        Scopes = [.. reader.Get<string[]>("scopes").Select(EnumText.Require<KeyScope>)],
        FromDomains = reader.Get<string[]>("from_domains"),
        Rate = reader.Get<string?>("rate"),
        ExpiresAt = reader.Get<DateTimeOffset?>("expires_at"),
        Secret = new SecretHash(reader.Get<string>("prefix"), reader.Get<byte[]>("hash")),
        PreviousSecret = reader.Get<string?>("previous_prefix") is { } prefix ? new SecretHash(prefix, reader.Get<byte[]>("previous_hash")) : null,
        PreviousUntil = reader.Get<DateTimeOffset?>("previous_until"),
        CreatedAt = reader.Get<DateTimeOffset>("created_at"),
        CreatedBy = reader.Get<string>("created_by"),
        RotatedAt = reader.Get<DateTimeOffset?>("rotated_at"),
        RevokedAt = reader.Get<DateTimeOffset?>("revoked_at"),
        RevokedBy = reader.Get<string?>("revoked_by"),
        LastUsedAt = reader.Get<DateTimeOffset?>("last_used_at"),
    };
}
