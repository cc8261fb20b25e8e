using Persistence.Keys;
using Producer.Api.OpenApi;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Failures;

internal static class FailureEndpoints
{
    public static void MapFailures(this IEndpointRouteBuilder routes)
    {
        var failures = routes.MapGroup("/failures").WithTags("Failures");

        failures.MapGet("", ListFailures.HandleAsync)
            .RequireScope(KeyScope.Read)
            .WithName("ListFailures").WithSummary("What failed, newest first.")
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.DatabaseUnavailable);

        failures.MapGet("/{id}", GetFailure.HandleAsync)
            .RequireScope(KeyScope.Read)
            .WithName("GetFailure").WithSummary("One failure: its record, its headers, its exception, and what was done about it.")
            .Problems(ProblemTypes.FailureNotFound, ProblemTypes.DatabaseUnavailable);

        failures.MapPost("/{id}/replay", ReplayFailure.HandleAsync)
            .Accepts<ActionRequest>(isOptional: true, "application/json")
            .RequireScope(KeyScope.Operate)
            .WithName("ReplayFailure").WithSummary("Send a failed mail again, as it was.")
            .WithDescription("Recorded with who and why before the record is produced. With `produced` false Kafka did not respond in time: the replay is finished in the background.")
            .Problems(
                ProblemTypes.InvalidRequest, ProblemTypes.InvalidJson, ProblemTypes.FailureNotFound, ProblemTypes.FailureNotOpen, ProblemTypes.OtherCluster, ProblemTypes.TooLarge,
                ProblemTypes.UnsupportedMediaType, ProblemTypes.UnsupportedContentEncoding, ProblemTypes.UnreadableBody, ProblemTypes.DatabaseUnavailable);

        failures.MapPost("/{id}/discard", DiscardFailure.HandleAsync)
            .Accepts<ActionRequest>(isOptional: true, "application/json")
            .RequireScope(KeyScope.Operate)
            .WithName("DiscardFailure").WithSummary("Leave a failed mail unsent, permanently.")
            .WithDescription("The failure stays, with who decided so and why. A reason is required.")
            .Problems(
                ProblemTypes.InvalidRequest, ProblemTypes.InvalidJson, ProblemTypes.FailureNotFound, ProblemTypes.FailureNotOpen, ProblemTypes.TooLarge,
                ProblemTypes.UnsupportedMediaType, ProblemTypes.UnsupportedContentEncoding, ProblemTypes.UnreadableBody, ProblemTypes.DatabaseUnavailable);
    }
}
