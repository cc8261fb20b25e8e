using Microsoft.OpenApi;
using Persistence.Failures;
using Producer.Api.OpenApi;
using Producer.Api.Problems;

namespace Producer.Api.Failures;

internal static class FailureEndpoints
{
    public static void MapFailures(this IEndpointRouteBuilder routes)
    {
        var failures = routes.MapGroup("/failures").WithTags("Failures");

        failures.MapGet("", ReadFailures.ListAsync)
            .WithName("ListFailures").WithSummary("What failed, newest first.")
            .Produces<FailurePage>()
            .AddOpenApiOperationTransformer((operation, _, _) => Task.FromResult(DescribeQuery(operation)))
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.DatabaseUnavailable);

        failures.MapGet("/{id}", ReadFailures.FindAsync)
            .WithName("GetFailure").WithSummary("One failure: its record, its headers, its fault, and what was done about it.")
            .Produces<FailureReport>()
            .Problems(ProblemTypes.FailureNotFound, ProblemTypes.DatabaseUnavailable);

        failures.MapPost("/{id}/replay", ActOnFailure.ReplayAsync)
            .WithName("ReplayFailure").WithSummary("Send a failed mail again, as it was.")
            .WithDescription("Taken down with who and why before the record is produced. With `produced` false Kafka did not answer in time: the replay is finished in the background.")
            .Produces<ReplayReport>(StatusCodes.Status202Accepted)
            .AddOpenApiOperationTransformer((operation, _, _) => Task.FromResult(DescribeActor(operation)))
            .Problems(
                ProblemTypes.InvalidRequest, ProblemTypes.FailureNotFound, ProblemTypes.FailureNotOpen, ProblemTypes.UnsupportedMediaType,
                ProblemTypes.DatabaseUnavailable);

        failures.MapPost("/{id}/discard", ActOnFailure.DiscardAsync)
            .WithName("DiscardFailure").WithSummary("Leave a failed mail unsent, permanently.")
            .WithDescription("The failure stays, with who decided so and why. A reason is required.")
            .Produces<FailureReport>()
            .AddOpenApiOperationTransformer((operation, _, _) => Task.FromResult(DescribeActor(operation)))
            .Problems(
                ProblemTypes.InvalidRequest, ProblemTypes.FailureNotFound, ProblemTypes.FailureNotOpen, ProblemTypes.UnsupportedMediaType,
                ProblemTypes.DatabaseUnavailable);
    }

    private static OpenApiOperation DescribeQuery(OpenApiOperation operation)
    {
        operation.Parameters =
        [
            Parameter(ParameterLocation.Query, FailureQuery.Status, "unresolved, replayed, resolved or discarded."),
            Parameter(ParameterLocation.Query, FailureQuery.Fingerprint, "Failures of one cause."),
            Parameter(ParameterLocation.Query, FailureQuery.MailId, "Failures of one mail."),
            Parameter(ParameterLocation.Query, FailureQuery.Recipient, "Failures of mails to one address."),
            Parameter(ParameterLocation.Query, FailureQuery.Since, "Failed at this time or later, such as 2030-01-31T12:00:00Z."),
            Parameter(ParameterLocation.Query, FailureQuery.Until, "Failed before this time."),
            Parameter(ParameterLocation.Query, FailureQuery.LimitName, $"How many at most: 1 to {FailureQuery.MaxLimit}, {FailureQuery.DefaultLimit} by default."),
            Parameter(ParameterLocation.Query, FailureQuery.CursorName, "The `next_cursor` of the page before."),
        ];
        return operation;
    }

    private static OpenApiOperation DescribeActor(OpenApiOperation operation)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(Parameter(ParameterLocation.Header, Actor.HeaderName, "Who acts, for the audit; the name of the API key by default."));
        return operation;
    }

    private static OpenApiParameter Parameter(ParameterLocation location, string name, string description) =>
        new() { In = location, Name = name, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
}
