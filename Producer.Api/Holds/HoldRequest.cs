using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Contracts;
using Contracts.Validation;
using Persistence.Holds;
using Persistence.Text;
using Producer.Api.Requests;

namespace Producer.Api.Holds;

/// <summary>A hold that is to be made.</summary>
/// <param name="Scope">Which mails: <c>all</c>, or those of a <c>stream</c>, from a <c>sender</c>, with a recipient in a <c>domain</c>, with a <c>tag</c>, or whose subject has a prefix (<c>subject_prefix</c>).</param>
/// <param name="Value">
/// Which of that scope; none for <c>all</c>. A stream is <c>transactional</c> or <c>bulk</c>; a sender one address; a domain does not stand
/// for those below it; a tag is its text, its name with whatever value, or <c>name:value</c>. But for tags, case does not count.
/// </param>
/// <param name="Mode">What becomes of them: they <c>wait</c> until the hold ends, which is the default, or are canceled (<c>cancel</c>).</param>
/// <param name="Until">When the hold ends by itself: RFC 3339 with an offset, or a time from now such as <c>in 2 hours</c>. Only by its release, where it is not given.</param>
/// <param name="Reason">Why: up to 1,000 characters.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record HoldRequest(string? Scope, string? Value = null, string? Mode = null, string? Until = null, string? Reason = null)
{
    /// <summary>What is asked for; false, with what is wrong, where it is not valid.</summary>
    public bool TryRead(DateTimeOffset now, [NotNullWhen(true)] out NewHold? hold, out IReadOnlyList<string> errors)
    {
        var found = new List<string>();
        var (scope, mode, until, reason) = (ReadScope(found), ReadMode(found), BodyTexts.End("until", Until, now, found), ActionRequest.Trim(Reason));
        var value = scope is { } known ? ReadValue(known, found) : null;
        if (ActionRequest.WrongReason(reason, isRequired: true) is { } wrong)
            found.Add(wrong.TrimEnd('.'));
        errors = found;
        hold = found.Count > 0 ? null : new NewHold(scope!.Value, value, mode, until, reason!);
        return hold is not null;
    }

    private HoldScope? ReadScope(List<string> errors)
    {
        var scope = EnumText.Parse<HoldScope>(Scope);
        if (scope is null)
            errors.Add($"scope is '{QueryTexts.Shown(Scope ?? "")}'; one of these is expected: {string.Join(", ", EnumText.All<HoldScope>())}");
        return scope;
    }

    private HoldMode ReadMode(List<string> errors)
    {
        if (Mode is null)
            return HoldMode.Wait;
        if (EnumText.Parse<HoldMode>(Mode) is { } mode)
            return mode;
        errors.Add($"mode is '{QueryTexts.Shown(Mode)}'; one of these is expected: {string.Join(", ", EnumText.All<HoldMode>())}");
        return HoldMode.Wait;
    }

    private string? ReadValue(HoldScope scope, List<string> errors)
    {
        var (value, expected) = scope switch
        {
            HoldScope.All => (null, "no value"),
            HoldScope.Stream => (MailStreams.TryRead(Value, out var stream) ? stream.Value.ToText() : null, string.Join(" or ", MailStreams.Names)),
            HoldScope.Sender => (ReadAddress(Value), "one address such as news@example.com"),
            HoldScope.Domain => (BodyTexts.Domain(Value), "a domain such as example.com"),
            HoldScope.Tag => (ReadText(Value, (2 * SendEmailLimits.TagLength) + 1), "a tag such as newsletter or campaign:spring"),
            _ => (ReadText(Value, SendEmailLimits.SubjectLength), $"the beginning of a subject, of up to {SendEmailLimits.SubjectLength} characters"),
        };
        if (scope == HoldScope.All ? Value is not null : value is null)
            errors.Add($"value is {(Value is null ? "not given" : $"'{QueryTexts.Shown(Value)}'")}; for the scope {scope.ToText()} {expected} is expected");
        return value;
    }

    private static string? ReadAddress(string? text) =>
        text is not null && EmailAddress.TryParse(text, out var address) && address.Address == text ? text : null;

    private static string? ReadText(string? text, int most) =>
        text is { Length: > 0 } && text.Length <= most && Texts.IsOneLine(text) && !text.Contains('\0', StringComparison.Ordinal) ? text : null;
}
