using System.Text.Json.Serialization;
using Persistence.Keys;

namespace Producer.Api.Keys;

/// <summary>A key, without its secret.</summary>
/// <param name="Id">Its id, the same after a rotation.</param>
/// <param name="Name">Its name.</param>
/// <param name="Prefix">The beginning of its secret, by which people know which one it is.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="From">The domains that its mails may be from; empty where all may.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">Who made it.</param>
public record KeyReport(Guid Id, string Name, string Prefix, IReadOnlyList<KeyScope> Scopes, IReadOnlyList<string> From, DateTimeOffset CreatedAt, string CreatedBy)
{
    /// <summary>How many requests each instance takes of it; absent where nothing limits them.</summary>
    public string? Rate { get; init; }

    /// <summary>When it ends by itself.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it got another secret last.</summary>
    public DateTimeOffset? RotatedAt { get; init; }

    /// <summary>The beginning of the secret before that, while it is valid, too.</summary>
    public string? PreviousPrefix { get; init; }

    /// <summary>Until when that one is valid.</summary>
    public DateTimeOffset? PreviousUntil { get; init; }

    /// <summary>When it was revoked.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Who revoked it.</summary>
    public string? RevokedBy { get; init; }

    /// <summary>When it was used last, as of a minute ago.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    internal static KeyReport Of(ApiKey key) => new(key.Id, key.Name, key.Secret.Prefix, key.Scopes, key.FromDomains, key.CreatedAt, key.CreatedBy)
    {
        Rate = key.Rate,
        ExpiresAt = key.ExpiresAt,
        RotatedAt = key.RotatedAt,
        PreviousPrefix = key.PreviousSecret?.Prefix,
        PreviousUntil = key.PreviousUntil,
        RevokedAt = key.RevokedAt,
        RevokedBy = key.RevokedBy,
        LastUsedAt = key.LastUsedAt,
    };
}

/// <summary>A key with its secret, which is shown this once.</summary>
/// <param name="Key">The key.</param>
/// <param name="Secret">What callers present, as <c>X-Api-Key</c> or as a bearer token.</param>
public sealed record KeyWithSecret(KeyReport Key, string Secret);

/// <summary>All keys.</summary>
/// <param name="Data">The keys, the oldest first, also those that are revoked.</param>
public sealed record KeyList(IReadOnlyList<KeyReport> Data)
{
    /// <summary>Always <c>list</c>.</summary>
    [JsonPropertyName("object")]
    public string ObjectName { get; } = "list";

    /// <summary>Always false: all keys are here.</summary>
    public bool HasMore { get; }
}
