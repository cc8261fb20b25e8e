using System.ComponentModel;
using System.Globalization;
using System.Text.RegularExpressions;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Producer.Api.Problems;

namespace Producer.Api.Emails;

/// <summary><c>GET /emails/{id}</c>.</summary>
internal static partial class GetEmail
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    public static async Task<Results<Ok<MailReport>, ProblemHttpResult>> HandleAsync(
        string id, [FromQuery, Description("Responds once the mail is sent, dead, canceled, discarded, held back by a rule or unknown, at the latest after this time: `10s`, up to `30s`, or `500ms`. At once by default.")] string? wait,
        HttpRequest request, FindEmail find, CancellationToken cancellationToken)
    {
        if (!TryRead(wait, out var time))
            return ProblemTypes.InvalidRequest.Because($"'wait' is '{Texts.Cut(wait!, 100)}'; a time such as 10s or 500ms is expected, up to {LongestWait.TotalSeconds:0}s.");
        if (!Guid.TryParseExact(id, "D", out var mailId))
            return NotFound(id);
        return await find.WhenEndedAsync(mailId, request, time, cancellationToken) is { } mail ? TypedResults.Ok(mail) : NotFound(id);
    }

    public static ProblemHttpResult NotFound(string id) =>
        ProblemTypes.MailNotFound.Because($"There is no mail '{Texts.Cut(id, 100)}'. The id of a mail is the UUID that POST /emails responded with; one that was given out under another Api:IdSecret, as by another installation, is not known here without a row.");

    private static bool TryRead(string? text, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        if (string.IsNullOrEmpty(text))
            return true;
        if (Wait().Match(text) is not { Success: true, Groups: var parts })
            return false;
        var number = int.Parse(parts["number"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
        wait = parts["unit"].ValueSpan is "ms" ? TimeSpan.FromMilliseconds(number) : TimeSpan.FromSeconds(number);
        return wait <= LongestWait;
    }

    [GeneratedRegex(@"\A(?<number>[0-9]{1,5})(?<unit>s|ms)\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Wait();
}
