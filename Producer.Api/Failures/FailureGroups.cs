using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Persistence.Failures;
using Persistence.Keys;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Failures;

/// <summary><c>GET /failure-groups</c> and <c>PUT /failure-groups/{key}/note</c>.</summary>
internal static class FailureGroups
{
    // As long as what failures are searched by.
    private const int MaxKeyLength = 512;
    private const int MaxBytes = 32_768;

    public static async Task<Results<Ok<FailureGroupList>, ProblemHttpResult>> ListAsync(
        [AsParameters] GroupQuery query, HttpContext context, FailureGroupStore groups, CancellationToken cancellationToken)
    {
        try
        {
            var filter = query.Filter(context.Request);
            var by = query.GroupBy();
            var found = await groups.ListAsync(by, filter, query.PageSize(), cancellationToken);
            return TypedResults.Ok(new FailureGroupList([.. found.Select(group => FailureGroupReport.Of(by, group).SeenBy(Caller.Of(context)))]));
        }
        catch (FormatException exception)
        {
            return ProblemTypes.InvalidRequest.Because(exception.Message);
        }
    }

    public static async Task<Results<Ok<GroupNote>, ProblemHttpResult>> WriteNoteAsync(
        string key, [FromQuery, Description("What the group's failures share: `cause`, the default, `domain`, `code` or `sender`.")] string? by,
        HttpContext context, [AsParameters] Actor actor, FailureGroupStore groups, CancellationToken cancellationToken)
    {
        var (request, unread) = await StrictJson.ReadAsync<NoteRequest>(context, MaxBytes, NoteRequest.Example, cancellationToken);
        return unread is not null ? unread : await WriteAsync(key, by, request, actor, groups, cancellationToken);
    }

    /// <summary>The same for a request whose body was read.</summary>
    public static async Task<Results<Ok<GroupNote>, ProblemHttpResult>> WriteAsync(
        string key, string? by, NoteRequest? request, Actor actor, FailureGroupStore groups, CancellationToken cancellationToken)
    {
        if (!actor.TryRead(out var name, out var problem))
            return problem;
        if (key.Length > MaxKeyLength || key.Any(char.IsControl))
            return ProblemTypes.InvalidRequest.Because($"The key is that of a group: 1 to {MaxKeyLength} characters.");
        if (request is null)
            return ProblemTypes.InvalidRequest.Because($"{NoteRequest.Example} is expected.");
        if (!request.TryRead(out var note, out var error))
            return ProblemTypes.InvalidRequest.Because($"{error}.");
        try
        {
            return TypedResults.Ok(await groups.WriteNoteAsync(QueryTexts.Word<FailureGroupBy>("by", by) ?? FailureGroupBy.Cause, key, note, name, cancellationToken));
        }
        catch (FormatException exception)
        {
            return ProblemTypes.InvalidRequest.Because(exception.Message);
        }
    }
}

/// <summary>The query of <c>GET /failure-groups</c>.</summary>
internal sealed record GroupQuery : FilterTexts
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 500;

    private static readonly string[] AllNames = [.. Names, "by", "limit"];

    /// <summary>What the failures of a group share.</summary>
    [FromQuery(Name = "by"), Description("What the failures of a group share: `cause`, the default, `domain`, `code` or `sender`.")]
    public string? By { get; init; }

    /// <summary>How many at most.</summary>
    [FromQuery(Name = "limit"), Description("How many groups at most: 1 to 500, 100 by default.")]
    public string? Limit { get; init; }

    /// <summary>Of which failures.</summary>
    /// <param name="request">Of which this is the query.</param>
    /// <exception cref="FormatException">A parameter is unknown, given twice or not what it should be; the message says which.</exception>
    public FailureFilter Filter(HttpRequest request)
    {
        QueryTexts.Check(request, AllNames);
        return Read();
    }

    /// <summary>What the failures of a group share.</summary>
    /// <exception cref="FormatException">It is not one that is known.</exception>
    public FailureGroupBy GroupBy() => QueryTexts.Word<FailureGroupBy>("by", By) ?? FailureGroupBy.Cause;

    /// <summary>How many to list at most.</summary>
    /// <exception cref="FormatException">It is not a number that is allowed.</exception>
    public int PageSize() => QueryTexts.Limit("limit", Limit, DefaultLimit, MaxLimit);
}

/// <summary>What is known about a group.</summary>
/// <param name="Note">A text: up to 2,000 characters.</param>
/// <param name="Owner">Who looks after it: up to 200.</param>
/// <param name="Ticket">Where it is worked on: up to 200.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record NoteRequest(string? Note = null, string? Owner = null, string? Ticket = null)
{
    public const string Example = "{\"note\": \"…\", \"owner\": \"…\", \"ticket\": \"…\"}";

    private const int MaxNoteLength = 2_000;
    private const int MaxNameLength = 200;

    /// <summary>The note; false, with what is wrong, where it is not valid.</summary>
    public bool TryRead([NotNullWhen(true)] out GroupNote? note, [NotNullWhen(false)] out string? error)
    {
        error = Error("note", Note, MaxNoteLength) ?? Error("owner", Owner, MaxNameLength) ?? Error("ticket", Ticket, MaxNameLength);
        note = error is null ? new GroupNote(Given(Note), Given(Owner), Given(Ticket)) : null;
        return error is null;
    }

    private static string? Error(string name, string? text, int most) =>
        text?.Length > most ? $"{name} has {text.Length} characters; at most {most} are allowed"
        : text is not null && (!Texts.IsUnicode(text) || text.Contains('\0', StringComparison.Ordinal)) ? $"{name} holds a character that cannot be stored: NUL, or half a surrogate pair"
        : null;

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}

/// <summary>Groups of failures.</summary>
/// <param name="Items">The groups, those with the most open failures first.</param>
public sealed record FailureGroupList(IReadOnlyList<FailureGroupReport> Items);

/// <summary>Failures that share something.</summary>
/// <param name="Key">What they share: of causes the fingerprint.</param>
/// <param name="Title">The same in plain words.</param>
/// <param name="Open">How many wait for a decision.</param>
/// <param name="FailedAgain">How many were replayed and failed again.</param>
/// <param name="Failures">How many there are in all.</param>
/// <param name="Mails">How many mails those are: of one that failed again the last round counts.</param>
public sealed record FailureGroupReport(string Key, string Title, long Open, long FailedAgain, long Failures, long Mails)
{
    /// <summary>When the first failed.</summary>
    public required DateTimeOffset FirstSeen { get; init; }

    /// <summary>When the last failed.</summary>
    public required DateTimeOffset LastSeen { get; init; }

    /// <summary>How many failed in each of the last 24 hours, the present one last.</summary>
    public required IReadOnlyList<int> Hours { get; init; }

    /// <summary>The exception's message, of the last. It may name recipients: absent for a key without <c>read</c>.</summary>
    public string? SampleMessage { get; init; }

    /// <summary>What people wrote down about it.</summary>
    public string? Note { get; init; }

    /// <summary>Who looks after it.</summary>
    public string? Owner { get; init; }

    /// <summary>Where it is worked on.</summary>
    public string? Ticket { get; init; }

    /// <summary>The last operation whose filter has it.</summary>
    public GroupOperation? LastOperation { get; init; }

    /// <summary>As a caller may see it.</summary>
    internal FailureGroupReport SeenBy(Caller caller) => caller.Has(KeyScope.Read) ? this : this with { SampleMessage = null };

    internal static FailureGroupReport Of(FailureGroupBy by, FailureGroup group) => new(
        group.Key, by == FailureGroupBy.Cause ? CauseTitle.Of(group.ExceptionType, group.Message).Summary : group.Key, group.Open, group.FailedAgain, group.Failures, group.Mails)
    {
        FirstSeen = group.FirstSeen,
        LastSeen = group.LastSeen,
        Hours = group.Hours,
        SampleMessage = group.Message,
        Note = group.Note?.Text,
        Owner = group.Note?.Owner,
        Ticket = group.Note?.Ticket,
        LastOperation = group.LastOperation,
    };
}
