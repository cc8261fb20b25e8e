using Contracts;
using Microsoft.OpenApi;
using Persistence.Keys;
using Producer.Api.OpenApi;
using Producer.Api.Problems;
using Producer.Api.Security;

namespace Producer.Api.Emails;

internal static class EmailEndpoints
{
    private const string WhereItStands = "A key without `read` is told its state and times alone.";

    public static string PathOf(Guid id) => $"/emails/{id}";

    public static void MapEmails(this IEndpointRouteBuilder routes)
    {
        var emails = routes.MapGroup("/emails").WithTags("Emails");

        // Made once, with the first post, where the others ask for their services at each request: the most frequent one needs none.
        var post = new Lazy<PostEmail>(routes.ServiceProvider.GetRequiredService<PostEmail>);
        emails.MapPost("", (HttpContext context, [AsParameters] IdempotencyKey key, CancellationToken cancellationToken) => post.Value.HandleAsync(context, key, cancellationToken))
            .RequireScope(KeyScope.Send)
            .WithName("PostEmail").WithSummary("Accept a mail to be sent.")
            .WithDescription("""
                Responds when all in-sync replicas of Kafka have the mail. With an `Idempotency-Key` a repeated post is the same mail: the key is reserved in Postgres
                before the mail is accepted, and other content under it is refused. A post without a key needs no Postgres; one with a key is refused with 503
                `idempotency_unavailable` while Postgres is away, or accepted under the key's id where `Api:IdempotencyWithoutDatabase` is `Accept`: then the worker
                sends one mail for an id, and other content under the key becomes a failure.
                """)
            .Accepts<SendEmail>("application/json")
            .AddOpenApiOperationTransformer((operation, _, _) => Task.FromResult(DescribeHeaders(operation)))
            .Problems(
                ProblemTypes.InvalidJson, ProblemTypes.InvalidIdempotencyKey, ProblemTypes.TooLarge, ProblemTypes.UnsupportedMediaType,
                ProblemTypes.UnsupportedContentEncoding, ProblemTypes.UnreadableBody, ProblemTypes.RequestTimeout,
                ProblemTypes.ValidationFailed, ProblemTypes.IdempotencyKeyTaken, ProblemTypes.IdempotencyKeyReused, ProblemTypes.IdempotencyKeyInUse,
                ProblemTypes.IdempotencyUnavailable, ProblemTypes.FromNotAllowed, ProblemTypes.NotAccepted, ProblemTypes.OutcomeUnknown,
                ProblemTypes.Overloaded);

        emails.MapPost("/batch", PostBatch.HandleAsync)
            .RequireScope(KeyScope.Send)
            .WithName("PostBatch").WithSummary("Accept up to 100 mails at once.")
            .WithDescription("""
                Each mail as by `POST /emails`; one `Idempotency-Key` is for the whole batch. In order, for mails of one `ordering_key`. `202` lists the ids of the mails that
                were accepted, and with `x-batch-validation: permissive` in `errors` those that were not. Where Kafka takes a part of a batch that is not permissive the response
                is 503 `partly_accepted`, with the same lists.
                """)
            .Accepts<SendEmail[]>("application/json")
            .AddOpenApiOperationTransformer((operation, _, _) => Task.FromResult(DescribeHeaders(operation)))
            .Problems(
                ProblemTypes.InvalidJson, ProblemTypes.InvalidRequest, ProblemTypes.InvalidIdempotencyKey, ProblemTypes.TooLarge, ProblemTypes.UnsupportedMediaType,
                ProblemTypes.UnsupportedContentEncoding, ProblemTypes.UnreadableBody, ProblemTypes.RequestTimeout,
                ProblemTypes.ValidationFailed, ProblemTypes.IdempotencyKeyTaken, ProblemTypes.IdempotencyKeyReused, ProblemTypes.IdempotencyKeyInUse,
                ProblemTypes.IdempotencyUnavailable, ProblemTypes.NotAccepted, ProblemTypes.OutcomeUnknown, ProblemTypes.PartlyAccepted, ProblemTypes.Overloaded);

        emails.MapGet("", ListEmails.HandleAsync)
            .RequireScope(KeyScope.Read)
            .WithName("ListEmails").WithSummary("Mails that a worker has read, newest first.")
            .WithDescription("""
                By `recipient`, `sender`, `tag` and time an index finds them. A state and text in the subject are looked for among 10,000 mails a page (`dead` and `scheduled` among
                those that are, were discarded or wait in their rows): such a page may be short, even empty, and `next_cursor` goes on from where it looked last.
                """)
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.DatabaseUnavailable);

        emails.MapGet("/{id}", GetEmail.HandleAsync)
            .RequireScope(KeyScope.Read)
            .WithName("GetEmail").WithSummary("What became of a mail.")
            .WithDescription("Its state, attempts, times, recipients and failures. A mail that no worker has seen yet is `queued`, with `recorded` false. One that all workers have gone past without a row being there is `unknown`: its row was removed after its time, the database was restored from before it, or its post was never accepted.")
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.MailNotFound, ProblemTypes.DatabaseUnavailable);

        emails.MapPatch("/{id}", RescheduleEmail.HandleAsync)
            .Accepts<MailChange>("application/json")
            .RequireScope(KeyScope.Send)
            .WithName("RescheduleEmail").WithSummary("Give a scheduled mail another time.")
            .WithDescription("Until its time has come. Its record of the time before is stale once this responds 200; a time that is past means at once. " + WhereItStands)
            .Problems([.. ProblemTypes.OfBody, ProblemTypes.ValidationFailed, ProblemTypes.MailNotFound, ProblemTypes.MailNotWaiting, ProblemTypes.DatabaseUnavailable]);

        emails.MapGet("/{id}/events", ListEvents.HandleAsync)
            .RequireScope(KeyScope.Read)
            .WithName("ListEvents").WithSummary("What became of a mail, step by step.")
            .WithDescription("Read off its row, recipients and failures: of attempts and replies the last. With `Accept: text/event-stream` as server-sent events, until the mail has ended (a dead one with its failure) or five minutes are over.")
            .Produces<MailEventList>()
            .AlsoAs("text/event-stream")
            .Problems(ProblemTypes.MailNotFound, ProblemTypes.DatabaseUnavailable);

        emails.MapPost("/{id}/cancel", CancelEmail.HandleAsync)
            .RequireScope(KeyScope.Send)
            .WithName("CancelEmail").WithSummary("Cancel a mail before it is sent.")
            .WithDescription("A mail that is scheduled, or waits in the queue or for its next attempt, is never sent once this responds 200. Canceling it twice is canceling it once. One without a row whose id is older than what retention has removed is refused with state `unknown`: it may have been sent. " + WhereItStands)
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.MailNotFound, ProblemTypes.MailNotWaiting, ProblemTypes.DatabaseUnavailable);
    }

    private static OpenApiOperation DescribeHeaders(OpenApiOperation operation)
    {
        if (operation.Responses?["202"] is OpenApiResponse accepted)
            accepted.Headers = new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal)
            {
                ["Location"] = Header("Where to ask for the mail; not of a batch."),
                [PostEmail.ReplayedHeader] = Header("`true` where the same mail was accepted before under this Idempotency-Key."),
            };
        return operation;
    }

    private static OpenApiHeader Header(string description) =>
        new() { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
}
