namespace Persistence.Keys;

/// <summary>What a key is made with.</summary>
public record NewKey
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it may do.</summary>
    public required IReadOnlyList<KeyScope> Scopes { get; init; }

    /// <summary>The domains that its mails may be from, in A-labels; empty where all may.</summary>
    public IReadOnlyList<string> FromDomains { get; init; } = [];

    /// <summary>How many requests one instance takes of it, such as <c>10/s</c>; null where nothing limits them.</summary>
    public string? Rate { get; init; }

    /// <summary>When it ends by itself.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A secret as it is stored.</summary>
/// <param name="Prefix">Its beginning, by which people know which one it is.</param>
/// <param name="Hash">SHA-256 of the whole secret.</param>
public sealed record SecretHash(string Prefix, byte[] Hash);

/// <summary>A stored API key. Table <c>email.api_keys</c>, whose comments say more.</summary>
public sealed record ApiKey : NewKey
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>Its secret.</summary>
    public required SecretHash Secret { get; init; }

    /// <summary>The secret before the last rotation.</summary>
    public SecretHash? PreviousSecret { get; init; }

    /// <summary>Until when that one is valid, too.</summary>
    public DateTimeOffset? PreviousUntil { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When it got another secret last.</summary>
    public DateTimeOffset? RotatedAt { get; init; }

    /// <summary>When it was revoked; null while it is not.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Who revoked it.</summary>
    public string? RevokedBy { get; init; }

    /// <summary>When it was used last, as of a minute ago.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
}
