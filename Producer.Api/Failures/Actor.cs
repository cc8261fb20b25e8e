using System.Security.Claims;

namespace Producer.Api.Failures;

/// <summary>
/// Who acts on a failure, for the audit: what the caller says in <c>X-Actor</c>, else the name of its key. The key proves that the
/// caller may act; the name is the caller's word.
/// </summary>
internal static class Actor
{
    public const string HeaderName = "X-Actor";
    public const int MaxLength = 200;

    /// <summary>The actor; null, with the reason, where the header cannot be taken.</summary>
    public static string? Of(HttpRequest request, ClaimsPrincipal caller, out string? fault)
    {
        fault = null;
        if (!request.Headers.TryGetValue(HeaderName, out var header))
            return caller.Identity?.Name ?? "unknown";
        if (header is [{ } name] && !string.IsNullOrWhiteSpace(name) && name.Length <= MaxLength && !name.Any(char.IsControl))
            return name.Trim();

        fault = $"{HeaderName} is one header of 1 to {MaxLength} characters: the name of the person or program that acts.";
        return null;
    }
}
