using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Persistence.Keys;
using Producer.Api.Keys;

namespace Producer.Api.Security;

/// <summary>Who makes a request, by its key. One object for all requests of a key.</summary>
internal sealed class Caller : ClaimsPrincipal
{
    private readonly IReadOnlyCollection<KeyScope> _scopes;

    private Caller(string name, IReadOnlyCollection<KeyScope> scopes, ApiKey? key, KeyUse? use)
        : base(new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], ApiKeyAuthentication.SchemeName))
    {
        (Name, _scopes, KeyId, Use) = (name, scopes, key?.Id, use);
        FromDomains = key?.FromDomains ?? [];
        ActsAs = name;
        Result = AuthenticateResult.Success(new AuthenticationTicket(this, ApiKeyAuthentication.SchemeName));
    }

    private Caller(Caller key, string person)
        : base(new ClaimsIdentity([new Claim(ClaimTypes.Name, key.Name), new Claim(ClaimTypes.GivenName, person)], ApiKeyAuthentication.SchemeName))
    {
        (Name, _scopes, KeyId, Use, FromDomains) = (key.Name, key._scopes, key.KeyId, key.Use, key.FromDomains);
        ActsAs = key == Anonymous ? person : $"{key.Name}: {person}";
        Result = AuthenticateResult.Success(new AuthenticationTicket(this, ApiKeyAuthentication.SchemeName));
    }

    private Caller(string person, IReadOnlyCollection<KeyScope> scopes, bool readsContent)
        : this(person, scopes, key: null, use: null) => ReadsContent = readsContent;

    /// <summary>Where no key is configured: everybody.</summary>
    public static Caller Anonymous { get; } = new(ApiKeyAuthentication.Anonymous, Enum.GetValues<KeyScope>(), key: null, use: null);

    /// <summary>Who has the key of <c>Api:Key</c>, which may do everything.</summary>
    public static Caller KeyHolder { get; } = new(ApiKeyAuthentication.KeyHolder, Enum.GetValues<KeyScope>(), key: null, use: null);

    /// <summary>The key's name.</summary>
    public string Name { get; }

    /// <summary>Who acts, for the log and the audit: the key's name, and behind it the person's who signed in with it.</summary>
    public string ActsAs { get; }

    /// <summary>The stored key; null where it is none of them.</summary>
    public Guid? KeyId { get; }

    /// <summary>The domains that its mails may be from, in A-labels; empty where all may.</summary>
    public IReadOnlyList<string> FromDomains { get; }

    /// <summary>Whether it sees the content of the mails that it may read: every key does, and of people those who may.</summary>
    public bool ReadsContent { get; } = true;

    /// <summary>Where its use is counted; null for a key that is not stored.</summary>
    public KeyUse? Use { get; }

    /// <summary>The result of its authentication.</summary>
    public AuthenticateResult Result { get; }

    /// <summary>Whose idempotency keys are its own: two callers may use the same. Without a stored key it is the name, as before.</summary>
    public string IdempotencySpace => KeyId?.ToString() ?? Name;

    /// <summary>The stored key whose mails alone it sees; null where it sees all.</summary>
    public Guid? OnlyOf => Has(KeyScope.Operate) ? null : KeyId;

    /// <summary>Who has a stored key.</summary>
    public static Caller Of(ApiKey key, KeyUse use) => new(key.Name, [.. key.Scopes], key, use);

    /// <summary>Who signed in with a provider, and sees the mails of all.</summary>
    public static Caller OfPerson(string name, IReadOnlyCollection<KeyScope> scopes, bool readsContent) => new(name, scopes, readsContent);

    /// <summary>Who makes a request that has passed authentication.</summary>
    public static Caller Of(HttpContext context) =>
        context.User as Caller ?? throw new InvalidOperationException($"{context.Request.Path} was not authenticated: its endpoint lets everybody in.");

    /// <summary>A person who has this key.</summary>
    public Caller As(string person) => new(this, person);

    /// <summary>Whether it may do what a scope says.</summary>
    public bool Has(KeyScope scope) => _scopes.Contains(scope);

    /// <summary>Whether it sees a mail that was accepted under a key.</summary>
    public bool Sees(Guid? apiKeyId) => OnlyOf is not { } own || own == apiKeyId;
}
