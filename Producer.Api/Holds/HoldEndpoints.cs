using Persistence.Keys;
using Producer.Api.OpenApi;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Holds;

internal static class HoldEndpoints
{
    public static void MapHolds(this IEndpointRouteBuilder routes)
    {
        var holds = routes.MapGroup("/holds").WithTags("Holds").RequireScope(KeyScope.Operate);

        holds.MapPost("", ManageHolds.CreateAsync)
            .Accepts<HoldRequest>("application/json")
            .WithName("CreateHold").WithSummary("Hold mails: they wait, or are canceled.")
            .WithDescription(
                "From the response on no worker begins to send a mail that the hold is on, whenever that was or will be accepted; what was being sent is sent. "
                + "A mail that waits is `held`, costs no attempt, and goes on when the hold is released or its time has come.")
            .Problems([.. ProblemTypes.OfBody, ProblemTypes.DatabaseUnavailable]);

        holds.MapGet("", ManageHolds.ListAsync)
            .WithName("ListHolds").WithSummary("Holds, in force and over, the newest first.")
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.DatabaseUnavailable);

        holds.MapGet("/{id}", ManageHolds.GetAsync)
            .WithName("GetHold").WithSummary("One hold: who made it and why, how many mails wait, who released it.")
            .Problems(ProblemTypes.HoldNotFound, ProblemTypes.DatabaseUnavailable);

        holds.MapPost("/{id}/release", ManageHolds.ReleaseAsync)
            .Accepts<ActionRequest>(isOptional: true, "application/json")
            .WithName("ReleaseHold").WithSummary("End a hold: its mails go on.")
            .WithDescription("Within seconds, as far as no other hold is on them. What it canceled stays so. A reason is required. Releasing one that is over changes nothing.")
            .Problems([.. ProblemTypes.OfBody, ProblemTypes.HoldNotFound, ProblemTypes.DatabaseUnavailable]);
    }
}
