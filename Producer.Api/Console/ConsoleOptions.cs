using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Producer.Api.Console;

/// <summary>The section <c>Console</c>.</summary>
public sealed class ConsoleOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Console";

    /// <summary>What stands in <see cref="TraceUrl"/> for the trace's id.</summary>
    public const string TraceId = "{trace_id}";

    /// <summary>Whether <c>/console</c> is there. Default: in <c>Development</c> alone.</summary>
    public bool? Enabled { get; set; }

    /// <summary>
    /// A port of its own for <c>/console</c>, on all addresses, which is then not served on the API's port: an ingress that knows that port
    /// alone never sees it. Default: the API's port.
    /// </summary>
    [Range(1, 65_535, ErrorMessage = "Take a port that nothing else listens on, or leave it out to have the console on the API's port.")]
    public int? Port { get; set; }

    /// <summary>How long somebody stays signed in. Default 12 h. 5 min to 30 days.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "30.00:00:00", ErrorMessage = "A working day suits most.")]
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(12);

    /// <summary>Where traces are looked at, with <c>{trace_id}</c> in it; failures link there. Default: none.</summary>
    public string? TraceUrl { get; set; }

    /// <summary>
    /// The OpenID Connect provider that people sign in with, such as <c>https://login.example.com/realms/mail</c>; https, or http on this
    /// machine. Default: none, and they sign in with an API key.
    /// </summary>
    public string? OidcAuthority { get; set; }

    /// <summary>The client's id there, for the code flow with PKCE; its redirect address is <c>/console/sign-in/oidc</c>. Required with <see cref="OidcAuthority"/>.</summary>
    public string? OidcClientId { get; set; }

    /// <summary>The client's secret there; none for a public client.</summary>
    [PasswordPropertyText(true)]
    public string? OidcClientSecret { get; set; }

    /// <summary>The file that holds <see cref="OidcClientSecret"/>; read at the start.</summary>
    public string? OidcClientSecretFile { get; set; }

    /// <summary>What is asked for beside <c>openid profile</c>, with spaces in between. Default: nothing.</summary>
    public string? OidcScope { get; set; }

    /// <summary>The claim that says who somebody is, for the audit. Default <c>email</c>.</summary>
    [MinLength(1, ErrorMessage = "Name a claim of the id token.")]
    public string OidcNameClaim { get; set; } = "email";

    /// <summary>The claim whose values are roles. Default <c>roles</c>.</summary>
    [MinLength(1, ErrorMessage = "Name a claim of the id token.")]
    public string OidcRoleClaim { get; set; } = "roles";

    /// <summary>The role of who sees everything but the content of mails. Default <c>mail-reader</c>.</summary>
    [MinLength(1, ErrorMessage = "Name a value of the claim.")]
    public string OidcReaderRole { get; set; } = "mail-reader";

    /// <summary>The role of who also acts on failures and mails. Default <c>mail-operator</c>.</summary>
    [MinLength(1, ErrorMessage = "Name a value of the claim.")]
    public string OidcOperatorRole { get; set; } = "mail-operator";

    /// <summary>The role of who also sees the content of mails, beside one of the others. Default <c>mail-content</c>.</summary>
    [MinLength(1, ErrorMessage = "Name a value of the claim.")]
    public string OidcContentRole { get; set; } = "mail-content";

    /// <summary>Whether people sign in with a provider.</summary>
    internal bool HasOidc => !string.IsNullOrEmpty(OidcAuthority);

    /// <summary>Whether the console is there.</summary>
    internal bool IsEnabled(IHostEnvironment environment) => Enabled ?? environment.IsDevelopment();

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (TraceUrl is { Length: > 0 } url && !IsTraceUrl(url))
        {
            yield return new ValidationResult($"allowed: an http or https address with {TraceId} in it, such as https://jaeger.example.com/trace/{TraceId}.", [nameof(TraceUrl)]);
        }

        if (HasOidc && !IsAuthority(OidcAuthority!))
            yield return new ValidationResult("allowed: the https address of an OpenID Connect provider, below which .well-known/openid-configuration is.", [nameof(OidcAuthority)]);
        if (HasOidc && string.IsNullOrEmpty(OidcClientId))
            yield return new ValidationResult($"allowed: the id that the provider knows this client by, and required with {Section}:{nameof(OidcAuthority)}.", [nameof(OidcClientId)]);
        if (!HasOidc && !string.IsNullOrEmpty(OidcClientId))
            yield return new ValidationResult($"allowed: only with {Section}:{nameof(OidcAuthority)}. Set that, too, or leave this out.", [nameof(OidcClientId)]);
    }

    private static bool IsAuthority(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));

    private static bool IsTraceUrl(string url) =>
        url.Contains(TraceId, StringComparison.Ordinal)
        && Uri.TryCreate(url.Replace(TraceId, "0", StringComparison.Ordinal), UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps);
}
