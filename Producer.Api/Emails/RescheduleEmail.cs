using System.Text.Json;
using Contracts;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Persistence.Mails;
using Persistence.Text;
using Producer.Api.Configuration;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;
using ServiceDefaults.Kafka;

namespace Producer.Api.Emails;

/// <summary><c>PATCH /emails/{id}</c>: another time for a scheduled mail.</summary>
internal static class RescheduleEmail
{
    private const int MaxBytes = 4_096;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public static async Task<Results<Ok<MailReport>, ProblemHttpResult>> HandleAsync(
        string id, [AsParameters] Actor actor, HttpRequest request, MailStore mails, ScheduleStore schedules, MailAccess access, MailTopics names, FindEmail find, IOptions<ApiOptions> options,
        TimeProvider timeProvider, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var mailId))
            return GetEmail.NotFound(id);
        if (!actor.TryRead(out _, out var problem))
            return problem;
        var (due, refused) = await ReadAsync(request, timeProvider.GetUtcNow(), cancellationToken);
        if (refused is not null)
            return refused;
        return await ActAsync(mailId, due, actor, mails, schedules, access, names, find, options, timeProvider, loggers, cancellationToken);
    }

    /// <summary>The same for a time that was read.</summary>
    public static async Task<Results<Ok<MailReport>, ProblemHttpResult>> ActAsync(
        Guid mailId, DateTimeOffset due, Actor actor, MailStore mails, ScheduleStore schedules, MailAccess access, MailTopics names, FindEmail find, IOptions<ApiOptions> options,
        TimeProvider timeProvider, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (!actor.TryRead(out var who, out var problem))
            return problem;
        var id = mailId.ToString();
        var caller = Caller.Of(actor.Context);
        var issued = access.Find(mailId, caller);
        if (!await access.MayActOnAsync(mailId, issued, caller, cancellationToken))
            return GetEmail.NotFound(id);
        var ours = issued is not null;
        var result = await schedules.RescheduleAsync(mailId, due, cancellationToken);
        // A mail that was just posted has its row in a moment, where a worker runs.
        var started = timeProvider.GetTimestamp();
        while (result == RescheduleResult.NotFound && ours && timeProvider.GetElapsedTime(started) < options.Value.LookupTimeout)
        {
            await Task.Delay(Pause, timeProvider, cancellationToken);
            result = await schedules.RescheduleAsync(mailId, due, cancellationToken);
        }

        var view = await mails.FindAsync(mailId, cancellationToken);
        if (result == RescheduleResult.Rescheduled && view is not null)
        {
            loggers.CreateLogger(typeof(RescheduleEmail)).LogInformation("Mail {MailId} was rescheduled for {Due} by {Actor}", mailId, due, who);
            return TypedResults.Ok(MailReport.Of(view, issued?.At, names).SeenBy(caller));
        }

        if ((await find.FindAsync(mailId, caller, cancellationToken))?.Report is not { State: var state } found)
            return GetEmail.NotFound(id);
        return ProblemTypes.MailNotWaiting.Because(
            state == ReportedState.Queued && !found.Recorded
                ? "Nothing was done: no worker has read the mail yet. Ask again in a moment."
                : $"Nothing was done: the mail is {state.ToText()}, and only one that is scheduled can be given another time.",
            ("state", state.ToText()));
    }

    private static async Task<(DateTimeOffset Due, ProblemHttpResult? Problem)> ReadAsync(HttpRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (bytes, problem) = await JsonBody.ReadAsync(request, MaxBytes, cancellationToken);
        if (problem is not null)
            return (default, problem);
        if (bytes is null)
            return (default, ProblemTypes.TooLarge.Because($"The body has more than {MaxBytes} bytes.", (ProblemResults.LimitMember, MaxBytes)));
        return Read(bytes, now);
    }

    /// <summary>The time that a body asks for.</summary>
    public static (DateTimeOffset Due, ProblemHttpResult? Problem) Read(ReadOnlyMemory<byte> bytes, DateTimeOffset now)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            // Read as the field of a mail is, with the same words for what is wrong with it.
            var mail = SendEmailJson.ReadPosted(document.RootElement);
            List<FieldError> errors = [.. document.RootElement.EnumerateObject()
                .Where(field => field.Name != SendEmailFields.ScheduledAt)
                .Take(SendEmailLimits.Errors)
                .Select(field => new FieldError(Texts.Cut(field.Name, SendEmailLimits.ErrorPathLength), ValidationCodes.NotSupported, $"cannot be changed; {SendEmailFields.ScheduledAt} can"))];
            errors.AddRange(SendEmailValidator.Validate(mail, now).Where(error => error.Path == SendEmailFields.ScheduledAt).Select(error => new FieldError(error.Path, error.Code, error.Message)));
            if (errors.Count == 0 && mail.At(now).ScheduledAt is { } due)
                return (due, null);
            if (errors.Count == 0)
                errors.Add(new FieldError(SendEmailFields.ScheduledAt, ValidationCodes.Required, "is required"));
            return (default, ProblemTypes.ValidationFailed.Because(string.Join("; ", errors.Take(3).Select(error => $"{error.Field} {error.Message}")) + ".", ("errors", errors)));
        }
        catch (JsonException exception)
        {
            return (default, JsonBody.Explain(exception));
        }
    }
}

/// <summary>What may be changed of a mail.</summary>
/// <param name="ScheduledAt">When to send it: RFC 3339 with an offset, or a time from now such as <c>in 1 hour</c>.</param>
internal sealed record MailChange(string ScheduledAt);
