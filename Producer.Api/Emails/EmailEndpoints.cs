using Contracts;
using Microsoft.OpenApi;
using Producer.Api.Failures;
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
            .WithDescription("Answers when all in-sync replicas of Kafka have the mail. With an `Idempotency-Key` a repeated post is the same mail.")
            .Accepts<SendEmail>("application/json")
            .Produces<AcceptedMail>(StatusCodes.Status202Accepted)
            .AddOpenApiOperationTransformer((operation, _, _) => Task.FromResult(DescribeHeaders(operation)))
            .Problems(
                ProblemTypes.InvalidJson, ProblemTypes.InvalidIdempotencyKey, ProblemTypes.TooLarge, ProblemTypes.UnsupportedMediaType,
                ProblemTypes.ValidationFailed, ProblemTypes.IdempotencyKeyReused, ProblemTypes.NotAccepted, ProblemTypes.OutcomeUnknown,
                ProblemTypes.Overloaded)
            .RequireRateLimiting(PostLimit.PolicyName);

        emails.MapGet("/{id}", GetEmail.HandleAsync)
            .WithName("GetEmail").WithSummary("What became of a mail.")
            .WithDescription("Its state, attempts, times, recipients and failures. A mail that no worker has seen yet is `queued`, with `recorded` false.")
            .Produces<MailReport>()
            .Problems(ProblemTypes.MailNotFound, ProblemTypes.DatabaseUnavailable);

        emails.MapPost("/{id}/cancel", CancelEmail.HandleAsync)
            .WithName("CancelEmail").WithSummary("Call a mail back before it is sent.")
            .WithDescription("A mail that is scheduled, or waits in the queue or for its next attempt, is never sent once this answers 200; calling it back twice is calling it back once.")
            .Produces<MailReport>()
            .AddOpenApiOperationTransformer((operation, _, _) => Task.FromResult(DescribeActor(operation)))
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.MailNotFound, ProblemTypes.MailNotWaiting, ProblemTypes.DatabaseUnavailable);
    }

    private static OpenApiOperation DescribeActor(OpenApiOperation operation)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = Actor.HeaderName, In = ParameterLocation.Header, Description = "Who acts, for the log and the audit; the name of the API key by default.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });
        return operation;
    }

    private static OpenApiOperation DescribeHeaders(OpenApiOperation operation)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = IdempotencyKey.HeaderName,
            In = ParameterLocation.Header,
            Description = "Your own name for this post, such as a UUID: posting again under it, after a time-out for example, does not send a second mail. "
                + "1 to 255 printable ASCII characters.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = IdempotencyKey.MaxLength },
        });
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
