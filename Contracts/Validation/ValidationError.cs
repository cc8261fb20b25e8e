namespace Contracts.Validation;

/// <summary>One thing that is wrong with a mail.</summary>
/// <param name="Path">The field, as in the JSON: <c>to[1]</c>, <c>headers.X-Campaign</c>.</param>
/// <param name="Code">A stable code, one of <see cref="ValidationCodes"/>.</param>
/// <param name="Message">What is wrong and what is allowed, to follow the path in a sentence: "is required".</param>
public sealed record ValidationError(string Path, string Code, string Message)
{
    /// <summary>The whole sentence.</summary>
    public override string ToString() => $"{Path} {Message}";
}
