using System.Globalization;
using System.Text.RegularExpressions;

namespace MailSink.Rules;

/// <summary>
/// What a recipient's local part asks for. A suffix <c>-once</c>, <c>-twice</c> or <c>-N-times</c> lets it happen that often in a row,
/// then the address is accepted and a new round begins. What follows a <c>+</c> sets addresses apart that ask for the same,
/// each with a count of its own: <c>fail-451-twice+invoice-7@example.com</c>.
/// <list type="table">
/// <item><term><c>fail-CODE@</c></term><description>The reply to RCPT TO has that code, 400 to 599.</description></item>
/// <item><term><c>fail-data-CODE@</c></term><description>The reply to the content has that code, and the mail is not stored.</description></item>
/// <item><term><c>slow-MS@</c></term><description>The reply to RCPT TO comes so many milliseconds later.</description></item>
/// <item><term><c>slow-data-MS@</c></term><description>The mail is stored and the final reply given so many milliseconds later.</description></item>
/// <item><term><c>drop-before@</c></term><description>After the content the connection is closed; the mail is not stored.</description></item>
/// <item><term><c>drop-after@</c></term><description>After the content the mail is stored and the connection closed, without the final 250.</description></item>
/// </list>
/// </summary>
internal sealed partial record AddressRule(SmtpStage At, RuleAction Then, int? Times)
{
    /// <summary>The rule of an address, or null if it asks for nothing.</summary>
    public static AddressRule? Parse(string address)
    {
        var match = Form().Match(address);
        if (!match.Success)
            return null;

        var (afterData, number) = (match.Groups["data"].Success, match.Groups["number"].Value);
        var action = match.Groups["verb"].Value.ToLowerInvariant() switch
        {
            "fail" => Fail(number),
            "slow" => Slow(number),
            "drop-before" => RuleAction.DropBefore,
            _ => RuleAction.DropAfter,
        };
        var at = afterData || !match.Groups["number"].Success ? SmtpStage.EndOfData : SmtpStage.Rcpt;
        return action is null || Repetitions(match) is not { } times ? null : new AddressRule(at, action, times == 0 ? null : times);
    }

    private static RuleAction? Fail(string number) => int.Parse(number, CultureInfo.InvariantCulture) is >= 400 and <= 599 and var code
        ? RuleAction.Reply(code)
        : null;

    private static RuleAction? Slow(string number) => int.Parse(number, CultureInfo.InvariantCulture) is > 0 and <= 3_600_000 and var delay
        ? RuleAction.Wait(TimeSpan.FromMilliseconds(delay))
        : null;

    // Null: a number that is not a count; zero: always.
    private static int? Repetitions(Match match) => match.Groups["times"].Value.ToLowerInvariant() switch
    {
        "" => 0,
        "once" => 1,
        "twice" => 2,
        _ => int.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture) is > 0 and var count ? count : null,
    };

    [GeneratedRegex(
        @"^(?:(?<verb>fail|slow)-(?<data>data-)?(?<number>[0-9]{1,7})|(?<verb>drop-before|drop-after))(?:-(?<times>once|twice|(?<count>[0-9]{1,6})-times))?(?:\+[^@]*)?@",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
