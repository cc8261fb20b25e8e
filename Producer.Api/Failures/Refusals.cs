using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Producer.Api.Problems;

namespace Producer.Api.Failures;

/// <summary>Says why nothing was done about a failure.</summary>
internal static class Refusals
{
    public static ProblemHttpResult Explain(string id, Refusal refusal) => refusal switch
    {
        Refusal.NotFound => GetFailure.NotFound(id),
        Refusal.ReplayPending => NotOpen("a replay was asked for and is on its way", refusal),
        Refusal.Replayed => NotOpen("it was replayed", refusal),
        Refusal.FailedAgain => NotOpen("it was replayed and failed again, and its failed_again_as is the failure to decide about", refusal),
        Refusal.Resolved => NotOpen("its mail was sent", refusal),
        Refusal.Discarded => NotOpen("it was discarded", refusal),
        Refusal.NotDiscarded => NotOpen("it was not discarded", refusal),
        Refusal.MailInProgress => NotOpen("a worker is sending its mail at this moment", refusal),
        _ => NotOpen("its mail has moved on: it was sent, canceled or replayed since", refusal),
    };

    private static ProblemHttpResult NotOpen(string why, Refusal refusal) =>
        ProblemTypes.FailureNotOpen.Because($"Nothing was done: {why}.", ("reason", refusal));
}
