using Persistence.Keys;
using Producer.Api.OpenApi;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Failures;

internal static class FailureEndpoints
{
    private const string WithoutMail = "A key without `read` gets the response without the mail: without message, stack, subject, addresses, key, value and headers.";

    public static void MapFailures(this IEndpointRouteBuilder routes)
    {
        var failures = routes.MapGroup("/failures").WithTags("Failures");

        failures.MapGet("", ListFailures.HandleAsync)
            .RequireScope(KeyScope.Read)
            .WithName("ListFailures").WithSummary("What failed, newest first.")
            .WithDescription("With `Accept: text/csv` or `application/x-ndjson` all that the filter has, as a file.")
            .AlsoAs("text/csv", "application/x-ndjson")
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
            .Problems([.. ProblemTypes.OfBody, ProblemTypes.FailureNotFound, ProblemTypes.FailureNotOpen, ProblemTypes.OtherCluster, ProblemTypes.DatabaseUnavailable]);

        failures.MapPost("/{id}/discard", DiscardFailure.HandleAsync)
            .Accepts<ActionRequest>(isOptional: true, "application/json")
            .RequireScope(KeyScope.Operate)
            .WithName("DiscardFailure").WithSummary("Leave a failed mail unsent.")
            .WithDescription("The failure stays, with who decided so and why. A reason is required. A restore undoes it. " + WithoutMail)
            .Problems([.. ProblemTypes.OfBody, ProblemTypes.FailureNotFound, ProblemTypes.FailureNotOpen, ProblemTypes.DatabaseUnavailable]);

        failures.MapPost("/{id}/restore", RestoreFailure.HandleAsync)
            .Accepts<ActionRequest>(isOptional: true, "application/json")
            .RequireScope(KeyScope.Operate)
            .WithName("RestoreFailure").WithSummary("Undo a discard.")
            .WithDescription("The failure and its mail wait for a decision again. " + WithoutMail)
            .Problems([.. ProblemTypes.OfBody, ProblemTypes.FailureNotFound, ProblemTypes.FailureNotOpen, ProblemTypes.DatabaseUnavailable]);

        failures.MapPost("/{id}/edit", EditFailure.HandleAsync)
            .Accepts<EditRequest>("application/json")
            .RequireScope(KeyScope.Read).RequireScope(KeyScope.Operate)
            .WithName("EditFailure").WithSummary("Send a failed mail in other form.")
            .WithDescription(
                """
                `mail` says what is to be changed, as a merge patch (RFC 7396): what is left out stays as it was, attachments too. The result is validated as a
                post is, and sent as a new mail; the failed one is discarded, each is found from the other, and the audit has what was changed.
                Recipients who have got the failed mail are left out, and named. Of two edits at once the second is refused.
                """)
            .Problems([.. ProblemTypes.OfBody, ProblemTypes.ValidationFailed, ProblemTypes.FromNotAllowed, ProblemTypes.FailureNotFound, ProblemTypes.FailureNotOpen, ProblemTypes.OtherCluster, ProblemTypes.DatabaseUnavailable]);

        var groups = routes.MapGroup("/failure-groups").WithTags("Failures");

        groups.MapGet("", FailureGroups.ListAsync)
            .RequireScope(KeyScope.Operate)
            .WithName("ListFailureGroups").WithSummary("Failures by cause, domain, reply code or sender.")
            .WithDescription("Those with the most open failures first. An answer is up to 5 seconds old.")
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.DatabaseUnavailable);

        groups.MapPut("/{key}/note", FailureGroups.WriteNoteAsync)
            .Accepts<NoteRequest>("application/json")
            .RequireScope(KeyScope.Operate)
            .WithName("WriteFailureGroupNote").WithSummary("Write down what is known about a group.")
            .WithDescription("In the place of what was written before; a part that is left out is taken away.")
            .Problems([.. ProblemTypes.OfBody, ProblemTypes.DatabaseUnavailable]);
    }
}
