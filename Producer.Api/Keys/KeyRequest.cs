using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Persistence.Keys;
using Persistence.Text;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Keys;

/// <summary>A key that is to be made.</summary>
/// <param name="Name">Its name: up to 100 letters, digits, <c>.</c>, <c>_</c> and <c>-</c>; not a UUID.</param>
/// <param name="Scopes">What it may do: <c>send</c>, <c>read</c>, <c>operate</c>, <c>admin</c>.</param>
/// <param name="From">The domains that its mails may be from; all, where none is given.</param>
/// <param name="Rate">How many requests each instance takes of it: <c>10/s</c>, <c>600/m</c> or <c>10000/h</c>; any number, where it is not given.</param>
/// <param name="ExpiresAt">When it ends by itself: RFC 3339 with an offset, or a time from now such as <c>in 90 days</c>. Never, where it is not given.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record KeyRequest(string? Name, IReadOnlyList<string>? Scopes, IReadOnlyList<string>? From = null, string? Rate = null, string? ExpiresAt = null)
{
    private const int MaxNameLength = 100;
    private const int MaxDomains = 100;

    /// <summary>What is asked for; false, with what is wrong, where it is not valid.</summary>
    public bool TryRead(DateTimeOffset now, [NotNullWhen(true)] out NewKey? key, out IReadOnlyList<string> errors)
    {
        var found = new List<string>();
        var (scopes, domains, expiresAt) = (ReadScopes(found), ReadDomains(found), BodyTexts.End("expires_at", ExpiresAt, now, found));
        if (Name is null || !IsName(Name))
            found.Add($"name is 1 to {MaxNameLength} letters, digits, '.', '_' and '-', not a UUID, and none of {string.Join(", ", Actor.Reserved.Select(name => $"'{name}'"))}");
        if (Rate is not null && KeyRate.TryRead(Rate) is null)
            found.Add($"rate is '{QueryTexts.Shown(Rate)}'; {KeyRate.Allowed} is expected");
        errors = found;
        key = found.Count > 0 ? null : new NewKey { Name = Name!, Scopes = scopes, FromDomains = domains, Rate = Rate, ExpiresAt = expiresAt };
        return key is not null;
    }

    // By the name of one and the id of another two keys would be mistaken for each other.
    private static bool IsName(string text) =>
        text.Length is > 0 and <= MaxNameLength && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') && !Guid.TryParse(text, out _) && !Actor.IsReserved(text);

    private List<KeyScope> ReadScopes(List<string> errors)
    {
        var known = (Scopes ?? []).Select(EnumText.Parse<KeyScope>).ToList();
        if (known.Count is 0 or > 100 || known.Exists(scope => scope is null))
            errors.Add($"scopes is a list of one or more of {string.Join(", ", EnumText.All<KeyScope>())}");
        return [.. known.OfType<KeyScope>().Distinct().Order()];
    }

    private List<string> ReadDomains(List<string> errors)
    {
        if (From is { Count: > MaxDomains })
        {
            errors.Add($"from has {From.Count} domains; at most {MaxDomains} are allowed");
            return [];
        }

        var domains = new List<string>();
        foreach (var name in From ?? [])
        {
            if (BodyTexts.Domain(name) is { } domain)
                domains.Add(domain);
            else
                errors.Add($"from holds '{QueryTexts.Shown(name ?? "")}'; a domain such as example.com is expected");
        }

        return [.. domains.Distinct(StringComparer.Ordinal)];
    }
}

/// <summary>How a key is rotated.</summary>
/// <param name="Overlap">How long the present secret stays valid: <c>90s</c>, <c>15m</c>, <c>24h</c> or <c>7d</c>, up to <c>30d</c>; a day where it is not given, <c>0s</c> ends it at once.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record RotateRequest(string? Overlap = null)
{
    private static readonly TimeSpan Default = TimeSpan.FromDays(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>The time; false, with what is wrong, where it is not valid.</summary>
    public bool TryRead(out TimeSpan overlap, [NotNullWhen(false)] out string? error)
    {
        overlap = Default;
        error = null;
        if (Overlap is not null && !(KeyText.Duration(Overlap) is { } given && (overlap = given) <= Longest))
            error = $"overlap is '{QueryTexts.Shown(Overlap)}'; a time such as 90s, 15m, 24h or 7d is expected, up to {Longest.TotalDays:0}d";
        return error is null;
    }
}
