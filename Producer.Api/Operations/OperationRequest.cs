using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Persistence.Failures;
using Persistence.Operations;
using Producer.Api.Requests;

namespace Producer.Api.Operations;

/// <summary>An operation that is asked for.</summary>
/// <param name="Action"><c>replay</c>, <c>discard</c> or <c>restore</c>, which are done with failures, or <c>cancel</c>, which is done with mails.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record OperationRequest(string? Action)
{
    public const string Example = "{\"action\": \"replay\", \"filter\": {\"fingerprint\": \"…\"}, \"reason\": \"…\"}";

    /// <summary>The most ids, each with its quotes and a comma, and room for the rest.</summary>
    public const int MaxBytes = (MaxIds * 40) + 65_536;

    private const int MaxIds = 10_000;
    private const int MaxRate = 100_000;

    private static readonly JsonSerializerOptions Written = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Which failures, by the names of <c>GET /failures</c>; of a cancel which mails, by those of <c>GET /emails</c>.</summary>
    public OperationFilter? Filter { get; init; }

    /// <summary>The failures, or of a cancel the mails, themselves: up to 10,000 ids.</summary>
    public IReadOnlyList<string?>? Ids { get; init; }

    /// <summary>Why: up to 1,000 characters. Required to discard and to cancel.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether to count them and show five, and do nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>How many at most.</summary>
    public int? Limit { get; init; }

    /// <summary>Which come first: <c>oldest</c>, the default, or <c>newest</c>.</summary>
    public string? Order { get; init; }

    /// <summary>How many a second at most.</summary>
    public int? RatePerSecond { get; init; }

    /// <summary>After how many replays that failed again it stops.</summary>
    public int? StopAfterFailures { get; init; }

    /// <summary>What is asked for; false, with what is wrong, where it is not valid.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="error">What is wrong.</param>
    public bool TryRead(string actor, [NotNullWhen(true)] out NewOperation? operation, [NotNullWhen(false)] out string? error)
    {
        (operation, error) = (null, null);
        try
        {
            operation = Read(actor);
        }
        catch (FormatException exception)
        {
            error = exception.Message;
        }

        return operation is not null;
    }

    private NewOperation Read(string actor)
    {
        var action = QueryTexts.Word<OperationAction>("action", Action) ?? throw new FormatException($"'action' is missing: {Example} is expected.");
        if (ActionRequest.WrongReason(ActionRequest.Trim(Reason), isRequired: action is OperationAction.Discard or OperationAction.Cancel) is { } wrong)
            throw new FormatException(wrong);
        if (Filter is null == Ids is null)
            throw new FormatException($"Give either a 'filter' or 'ids': {Example}.");
        var isCancel = action == OperationAction.Cancel;
        return new NewOperation(action, actor)
        {
            Filter = isCancel ? null : Filter?.Failures(action),
            Mails = isCancel ? Filter?.Mails() : null,
            FilterJson = Filter is null ? null : JsonSerializer.Serialize(Filter, Written),
            Ids = IdsOf(Ids, isCancel ? "a mail" : "a failure"),
            Reason = ActionRequest.Trim(Reason),
            Limit = Positive("limit", Limit, int.MaxValue),
            Order = QueryTexts.Word<FailureOrder>("order", Order) ?? FailureOrder.Oldest,
            RatePerSecond = Positive("rate_per_second", RatePerSecond, MaxRate),
            StopAfterFailures = Positive("stop_after_failures", action == OperationAction.Replay || StopAfterFailures is null
                ? StopAfterFailures
                : throw new FormatException("'stop_after_failures' is for replays alone."), int.MaxValue),
        };
    }

    private static List<Guid>? IdsOf(IReadOnlyList<string?>? texts, string of)
    {
        if (texts is null)
            return null;
        if (texts.Count is 0 or > MaxIds)
            throw new FormatException($"'ids' has {texts.Count} ids; 1 to {MaxIds} are allowed.");
        return [.. texts.Select(text => QueryTexts.Id("ids", text, of) ?? throw new FormatException($"'ids' holds an empty text; the UUID of {of} is expected.")).Distinct()];
    }

    private static int? Positive(string name, int? number, int most) =>
        number is null or >= 1 && (number ?? 0) <= most ? number : throw new FormatException($"'{name}' is {number}; 1 to {most} is allowed.");
}
