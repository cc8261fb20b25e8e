using Producer.Api.Problems;

namespace Producer.Api.OpenApi;

/// <summary>The problems that an endpoint responds with, for the API's description.</summary>
internal sealed record ProblemsMetadata(IReadOnlyList<ProblemType> Types);

internal static class ProblemsMetadataExtensions
{
    /// <summary>Says which problems an endpoint responds with, beside those that every one may: of its key, and <c>internal_error</c>.</summary>
    public static TBuilder Problems<TBuilder>(this TBuilder builder, params ProblemType[] types)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new ProblemsMetadata([.. types, ProblemTypes.Unauthorized, ProblemTypes.InsufficientScope, ProblemTypes.RateLimited, ProblemTypes.KeysUnavailable, ProblemTypes.Internal]));
}
