using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Producer.Api.Problems;

namespace Producer.Api.Emails;

/// <summary>The request header that makes a repeated post the same mail.</summary>
/// <param name="Value">The header, null where there is none.</param>
/// <param name="Request">The request.</param>
internal sealed record IdempotencyKey(
    [property: FromHeader(Name = IdempotencyKey.HeaderName), StringLength(IdempotencyKey.MaxLength, MinimumLength = 1)]
    [property: Description("Your own name for this post, such as a UUID: posting again under it, after a timeout for example, does not send a second mail. 1 to 256 printable ASCII characters, kept for a day by default (`Api:IdempotencyKeyLifetime`).")]
    string? Value,
    HttpRequest Request)
{
    public const string HeaderName = "Idempotency-Key";
    public const int MaxLength = 256;

    /// <summary>Whether the key is one, or absent; else the problem.</summary>
    public bool IsValid([NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        var count = Request.Headers[HeaderName].Count;
        var error = count > 1 ? $"{HeaderName} is given {count} times; give it once."
            : Value is not null && !IsAllowed(Value) ? $"{HeaderName} has {Value.Length} characters; 1 to {MaxLength} printable ASCII characters are allowed."
            : null;
        problem = error is null ? null : ProblemTypes.InvalidIdempotencyKey.Because(error);
        return error is null;
    }

    private static bool IsAllowed(string key) => key.Length is > 0 and <= MaxLength && key.All(c => c is >= ' ' and <= '~');
}
