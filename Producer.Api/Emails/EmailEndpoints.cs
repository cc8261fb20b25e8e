using Contracts;
using Microsoft.OpenApi;
using Producer.Api.OpenApi;
using Producer.Api.Problems;

namespace Producer.Api.Emails;

internal static class EmailEndpoints
{
    public static string PathOf(Guid id) => $"/emails/{id}";

    public static void MapEmails(this IEndpointRouteBuilder routes)
    {
        var emails = routes.MapGroup("/emails").WithTags("Emails");

        emails.MapPost("", PostEmail.HandleAsync)
            .WithName("PostEmail").WithSummary("Accept a mail to be sent.")
            .WithDescription("Responds when all in-sync replicas of Kafka have the mail. With an `Idempotency-Key` a repeated post is the same mail.")
            .Accepts<SendEmail>("application/json")
            .AddOpenApiOperationTransformer((operation, _, _) => Task.FromResult(DescribeHeaders(operation)))
            .Problems(
                ProblemTypes.InvalidJson, ProblemTypes.InvalidIdempotencyKey, ProblemTypes.TooLarge, ProblemTypes.UnsupportedMediaType,
                ProblemTypes.UnsupportedContentEncoding, ProblemTypes.UnreadableBody, ProblemTypes.RequestTimeout,
                ProblemTypes.ValidationFailed, ProblemTypes.IdempotencyKeyTaken, ProblemTypes.IdempotencyKeyReused, ProblemTypes.NotAccepted, ProblemTypes.OutcomeUnknown,
                ProblemTypes.Overloaded)
            .RequireRateLimiting(PostLimit.PolicyName);

        emails.MapGet("/{id}", GetEmail.HandleAsync)
            .WithName("GetEmail").WithSummary("What became of a mail.")
            .WithDescription("Its state, attempts, times, recipients and failures. A mail that no worker has seen yet is `queued`, with `recorded` false.")
            .Problems(ProblemTypes.MailNotFound, ProblemTypes.DatabaseUnavailable);

        emails.MapPost("/{id}/cancel", CancelEmail.HandleAsync)
            .WithName("CancelEmail").WithSummary("Cancel a mail before it is sent.")
            .WithDescription("A mail that is scheduled, or waits in the queue or for its next attempt, is never sent once this responds 200. Canceling it twice is canceling it once.")
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.MailNotFound, ProblemTypes.MailNotWaiting, ProblemTypes.DatabaseUnavailable);
    }

    private static OpenApiOperation DescribeHeaders(OpenApiOperation operation)
    {
        if (operation.Responses?["202"] is OpenApiResponse accepted)
            accepted.Headers = new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal)
            {
                ["Location"] = Header("Where to ask for the mail."),
                [PostEmail.ReplayedHeader] = Header("`true` where the same mail was accepted before under this Idempotency-Key."),
            };
        return operation;
    }

    private static OpenApiHeader Header(string description) =>
        new() { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
}
