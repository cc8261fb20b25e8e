using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Persistence.Failures;
using Producer.Api.Problems;

namespace Producer.Api.Security;

/// <summary>
/// Who acts, for the log and the audit: the name of its key, and what the caller says in <c>X-Actor</c>. The key proves that the
/// caller may act; what it says is its word.
/// </summary>
/// <param name="Name">The header.</param>
/// <param name="Context">The request.</param>
internal sealed record Actor(
    [property: FromHeader(Name = Actor.HeaderName), Description("Who acts, for the log and the audit, where the name of the API key does not say it: that name is written before it, as in `shop: ann`."), StringLength(Actor.MaxLength, MinimumLength = 1)]
    string? Name,
    HttpContext Context)
{
    public const string HeaderName = "X-Actor";
    public const int MaxLength = 200;

    /// <summary>Names under which the system itself acts, and callers without a key of their own: nobody else has one of them.</summary>
    public static IReadOnlyList<string> Reserved { get; } = [ApiKeyAuthentication.KeyHolder, ApiKeyAuthentication.Anonymous, FailureAction.SystemActor];

    /// <summary>Who is signed in, without a header.</summary>
    public static Actor Of(HttpContext context) => new(Name: null, context);

    /// <summary>The actor's name; false, with the problem, where the header cannot be taken.</summary>
    public bool TryRead(out string name, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        problem = null;
        var caller = Caller.Of(Context);
        name = caller.ActsAs;
        if (Name?.Trim() is not { } said)
            return true;
        if (Context.Request.Headers[HeaderName].Count == 1 && IsName(said))
        {
            name = caller.As(said).ActsAs;
            return true;
        }

        problem = ProblemTypes.InvalidRequest.Because($"{HeaderName} is one header of 1 to {MaxLength} characters, none of them a control character or one that turns the direction of writing: the name of the person or program that acts.");
        return false;
    }

    /// <summary>Whether a text can name who acts.</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= MaxLength && !text.Any(IsNoneOfAName);

    /// <summary>Whether a name is one of <see cref="Reserved"/>, in whichever case.</summary>
    public static bool IsReserved(string name) => Reserved.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static bool IsNoneOfAName(char c) => char.IsControl(c) || c is '\u2028' or '\u2029' || Texts.IsBidiMark(c);
}
