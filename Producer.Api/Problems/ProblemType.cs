namespace Producer.Api.Problems;

/// <summary>A kind of error that the API responds with, as RFC 9457 problem details. Its code is stable.</summary>
/// <param name="Code">What programs look at.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Title">The same words each time.</param>
/// <param name="Meaning">When it comes and what to do, for the API's description.</param>
internal sealed record ProblemType(string Code, int Status, string Title, string Meaning)
{
    /// <summary>After how many seconds to try again; null where the same request would fail again.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>The <c>type</c> member.</summary>
    public string Uri => $"urn:messaging:problem:{Code}";
}
