using Persistence.Keys;
using Producer.Api.OpenApi;
using Producer.Api.Problems;
using Producer.Api.Security;

namespace Producer.Api.Operations;

internal static class OperationEndpoints
{
    public static IServiceCollection AddOperations(this IServiceCollection services) => services.AddSingleton<OperationRunner>();

    /// <summary>Has operations worked off in the background, which produces to the queue.</summary>
    public static IServiceCollection AddOperationRunner(this IServiceCollection services) =>
        services.AddHostedService(provider => provider.GetRequiredService<OperationRunner>());

    public static void MapOperations(this IEndpointRouteBuilder routes)
    {
        var operations = routes.MapGroup("/operations").WithTags("Operations").RequireScope(KeyScope.Operate);

        operations.MapPost("", BeginOperation.HandleAsync)
            .Accepts<OperationRequest>("application/json")
            .WithName("BeginOperation").WithSummary("Replay, discard or restore many failures, or cancel many mails.")
            .WithDescription(
                """
                The failures are those that `filter` has, by the names of `GET /failures`, or those of `ids`. Without a `status` a replay and a discard
                take those that are unresolved, a restore those that are discarded. A filter without any restriction is refused.
                A `cancel` is of mails that are scheduled, queued or held: those that `filter` has, by the names of `GET /emails`, or those of `ids`, also where no
                worker has read them yet; each as by `POST /emails/{id}/cancel`, which takes the scope `send` as well.
                With `dry_run` the answer is how many there are, and to a key that has `read` five of them, and nothing is done. Else the set is written down: what comes later is
                not swept along. An instance of the API works it off, `rate_per_second` at most; where that instance ends, another goes on with it, and
                nothing is sent twice. `limit` takes a part, by `order` (`oldest`, the default, or `newest`) the first or the last;
                `stop_after_failures` stops it once so many of its replays have failed again.
                """)
            .Problems([.. ProblemTypes.OfBody, ProblemTypes.OtherCluster, ProblemTypes.DatabaseUnavailable]);

        operations.MapGet("", ReadOperations.ListAsync)
            .WithName("ListOperations").WithSummary("What was done with many failures, or mails, at once, newest first.")
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.DatabaseUnavailable);

        operations.MapGet("/{id}", ReadOperations.GetAsync)
            .WithName("GetOperation").WithSummary("One operation: how far it is, and what came of its replays.")
            .Problems(ProblemTypes.OperationNotFound, ProblemTypes.DatabaseUnavailable);

        operations.MapPost("/{id}/pause", ChangeOperation.PauseAsync)
            .WithName("PauseOperation").WithSummary("Pause a running operation.")
            .WithDescription("Once this is answered nothing more of it is begun.")
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.OperationNotFound, ProblemTypes.OperationNotOpen, ProblemTypes.DatabaseUnavailable);

        operations.MapPost("/{id}/resume", ChangeOperation.ResumeAsync)
            .WithName("ResumeOperation").WithSummary("Go on with a paused operation.")
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.OperationNotFound, ProblemTypes.OperationNotOpen, ProblemTypes.DatabaseUnavailable);

        operations.MapPost("/{id}/cancel", ChangeOperation.CancelAsync)
            .WithName("CancelOperation").WithSummary("End an operation.")
            .WithDescription("What it has done stays done: a mail that it has sent again is canceled by `POST /emails/{id}/cancel`.")
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.OperationNotFound, ProblemTypes.OperationNotOpen, ProblemTypes.DatabaseUnavailable);
    }
}
