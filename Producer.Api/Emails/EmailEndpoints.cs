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
