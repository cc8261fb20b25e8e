using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Ids;
using Producer.Api.Observability;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Emails;

/// <summary><c>POST /emails/batch</c>: each mail as by <c>POST /emails</c>, under one <c>Idempotency-Key</c> for all of them.</summary>
internal static class PostBatch
{
    public const string ValidationHeader = "x-batch-validation";

    private const string Strict = "strict";
    private const string Permissive = "permissive";

    public static async Task<Results<AcceptedResult<AcceptedBatch>, ProblemHttpResult>> HandleAsync(
        HttpContext context, [AsParameters] IdempotencyKey key,
        [FromHeader(Name = ValidationHeader), Description("`strict` (default): with one mail that is not valid nothing is accepted. `permissive`: the others are, and `errors` names those that are not.")] string? validation,
        MailId ids, KeyedPosts posts, AcceptMail accept, PostLimit limit, IOptions<ApiOptions> options, TimeProvider timeProvider, ApiMetrics metrics, CancellationToken cancellationToken)
    {
        if (!key.IsValid(out var invalid))
            return invalid;
        if (validation is not (null or Strict or Permissive))
            return ProblemTypes.InvalidRequest.Because($"{ValidationHeader} is '{QueryTexts.Shown(validation)}'; {Strict} or {Permissive} is allowed.");

        var caller = Caller.Of(context);
        var body = await BatchBody.ReadAsync(context.Request, options.Value.MaxBatchBytes, options.Value.MaxMailBytes, timeProvider.GetUtcNow(), caller, cancellationToken);
        if (body.Problem is { } problem)
            return problem;
        var errors = body.Items.SelectMany(item => item.Errors).ToList();
        var valid = body.Items.Where(item => item.Mail is not null).ToList();
        if (errors.Count > 0 && (validation != Permissive || valid.Count == 0))
            return NotValid(errors);

        if (key.Value is not { } value)
        {
            using var place = limit.Take();
            return place.Problem is { } overloaded
                ? Refused(overloaded, metrics)
                : Respond(await EnqueueAllAsync(valid, _ => ids.New(caller.KeyId), timeProvider.GetUtcNow(), accept, caller), errors, validation, metrics);
        }

        switch (await posts.BeginAsync(caller, value, new KeyedContent(body.ContentHash, [.. valid.Select(item => item.Mail!)])))
        {
            case KeyedPost.Refused refused:
                return refused.Problem;
            case KeyedPost.Repeat repeat:
                context.Response.Headers[PostEmail.ReplayedHeader] = "true";
                return Accepted(new AcceptedBatch([.. valid.Select(item => new AcceptedItem(IdOf(repeat.MailId, item), item.Index))], Some(Listed(errors))));
            case KeyedPost.Go go:
                var (outcomes, kept) = await posts.ProduceAsync(go, () => EnqueueAllAsync(valid, item => IdOf(go.MailId, item), go.At, accept, caller), OutcomeOf);
                return kept is not null ? Refused(kept, metrics) : Respond(outcomes, errors, validation, metrics);
            default:
                throw new UnreachableException();
        }

        // The same each time that the batch is posted under its key, whose own id the first has: by it the key's mail is found.
        Guid IdOf(Guid keyed, BatchItem item) => item.Index == valid[0].Index ? keyed
            : ids.Derive($"batch {keyed}", item.Index.ToString(CultureInfo.InvariantCulture), caller.KeyId);
    }

    /// <summary>Mails of one ordering key go one after the other, in their order; all others at once.</summary>
    private static IEnumerable<IEnumerable<BatchItem>> Groups(List<BatchItem> items) =>
        items.GroupBy(item => item.Mail!.OrderingKey is { } key ? (key, -1) : ("", item.Index));

    private static async Task<List<ItemOutcome>> EnqueueAllAsync(List<BatchItem> items, Func<BatchItem, Guid> idOf, DateTimeOffset at, AcceptMail accept, Caller caller)
    {
        var outcomes = await Task.WhenAll(Groups(items).Select(async group =>
        {
            var mails = group.Select(item => (item.Index, Id: idOf(item), Mail: item.Mail!.At(at))).ToList();
            var results = await accept.EnqueueInOrderAsync(mails.Select(mail => (mail.Id, mail.Mail)), caller.KeyId);
            return mails.Zip(results, (mail, result) => new ItemOutcome(mail.Index, mail.Id, result));
        }));
        return [.. outcomes.SelectMany(of => of)];
    }

    /// <summary>Partly accepted is not known to be accepted: the same batch may go on, and what is produced again is the same mail.</summary>
    private static EnqueueOutcome OutcomeOf(List<ItemOutcome> outcomes) =>
        outcomes.TrueForAll(item => item.Result.Outcome == outcomes[0].Result.Outcome) ? outcomes[0].Result.Outcome : EnqueueOutcome.Unknown;

    private static Results<AcceptedResult<AcceptedBatch>, ProblemHttpResult> Respond(List<ItemOutcome> outcomes, List<BatchError> invalid, string? validation, ApiMetrics metrics)
    {
        outcomes.Sort((one, other) => one.Index.CompareTo(other.Index));
        foreach (var outcome in outcomes)
            metrics.Posted(outcome.Result.Problem is { } refused ? ProblemResults.CodeOf(refused) : ApiMetrics.Accepted);

        List<AcceptedItem> accepted = [.. outcomes.Where(item => item.Result.Problem is null).Select(item => new AcceptedItem(item.Id, item.Index))];
        List<BatchError> failed = [.. outcomes.Where(item => item.Result.Problem is not null).Select(item => new BatchError(
            item.Index, $"[{item.Index}]", ProblemResults.CodeOf(item.Result.Problem!), item.Result.Problem!.ProblemDetails.Detail ?? "", item.Result.Outcome == EnqueueOutcome.Unknown ? item.Id : null))];
        if (failed.Count == 0 || (validation == Permissive && accepted.Count > 0))
            return Accepted(new AcceptedBatch(accepted, Some([.. Listed(invalid), .. failed])));

        var type = accepted.Count > 0 ? ProblemTypes.PartlyAccepted
            : outcomes.Exists(item => item.Result.Outcome == EnqueueOutcome.Unknown) ? ProblemTypes.OutcomeUnknown
            : ProblemTypes.NotAccepted;
        return type.Because(
            $"{accepted.Count} of {outcomes.Count} mails were accepted. `data` has their ids, and `errors` names the others.", ("data", accepted), ("errors", failed));
    }

    private static ProblemHttpResult Refused(ProblemHttpResult problem, ApiMetrics metrics)
    {
        metrics.Posted(ProblemResults.CodeOf(problem));
        return problem;
    }

    private static AcceptedResult<AcceptedBatch> Accepted(AcceptedBatch batch) => new(location: null, batch);

    private static ProblemHttpResult NotValid(List<BatchError> errors) => ProblemTypes.ValidationFailed.Because(
        string.Join("; ", errors.Take(3).Select(error => $"{error.Field} {error.Message}")) + (errors.Count > 3 ? $"; and {errors.Count - 3} more." : "."),
        ("errors", Listed(errors)));

    /// <summary>As many errors as one mail may have, however many mails have them.</summary>
    private static List<BatchError> Listed(List<BatchError> errors) => errors.Count <= SendEmailLimits.Errors ? errors :
    [
        .. errors.Take(SendEmailLimits.Errors),
        new BatchError(
            errors[SendEmailLimits.Errors].Index, "batch", ValidationCodes.MoreErrors, $"has {errors.Count - SendEmailLimits.Errors} more errors, which are not listed; fix these first"),
    ];

    private static List<BatchError>? Some(List<BatchError> errors) => errors.Count == 0 ? null : errors;

    private sealed record ItemOutcome(int Index, Guid Id, EnqueueResult Result);
}

/// <summary>The response to a batch.</summary>
/// <param name="Data">The mails that were accepted, in their order.</param>
/// <param name="Errors">Those that were not, and why; absent where there are none.</param>
internal sealed record AcceptedBatch(IReadOnlyList<AcceptedItem> Data, IReadOnlyList<BatchError>? Errors);

/// <summary>An accepted mail of a batch.</summary>
/// <param name="Id">The mail's id.</param>
/// <param name="Index">Its place in the batch, from 0.</param>
internal sealed record AcceptedItem(Guid Id, int Index);
