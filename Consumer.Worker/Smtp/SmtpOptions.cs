using System.ComponentModel.DataAnnotations;
using Consumer.Worker.Smtp.Relays;

namespace Consumer.Worker.Smtp;

/// <summary>Section <c>Smtp</c>: the mail server and the connections to it, others beside it, and what holds for mails by whichever of them.</summary>
internal sealed class SmtpOptions : RelayOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Smtp";

    /// <summary>The name of the relay that the section itself describes.</summary>
    public const string DefaultRelay = "default";

    /// <summary>
    /// Further mail servers, under names of one's own, each with the options of a relay (<c>Smtp:Relays:bulk:Host</c>). Default none: all mails
    /// go by the one that the section describes, whose name is <c>default</c>.
    /// </summary>
    public IReadOnlyDictionary<string, RelayOptions> Relays { get; set; } = new Dictionary<string, RelayOptions>();

    /// <summary>
    /// Which mails go by which relay, by numbers: <c>Smtp:Routes:1:SenderDomain</c>, <c>Smtp:Routes:1:Relay</c>. The first that fits decides; what
    /// fits none goes by <c>default</c>. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, MailRouteOptions> Routes { get; set; } = new Dictionary<string, MailRouteOptions>();

    /// <summary>What stands behind the @ of <c>Message-ID</c>; none means the sender's domain.</summary>
    public string? MessageIdDomain { get; set; }

    /// <summary>
    /// The only recipients that mails go to: addresses and domains, with commas. For everybody else a mail is held back. Default none:
    /// to all.
    /// </summary>
    public string? OnlyTo { get; set; }

    /// <summary>
    /// The one address that mails go to instead of their recipients, who are named in the header <c>X-Original-To</c>. With
    /// <see cref="OnlyTo"/>: instead of those that it does not name. Default none.
    /// </summary>
    public string? RedirectTo { get; set; }

    /// <inheritdoc />
    protected override IEnumerable<ValidationResult> Problems()
    {
        foreach (var problem in base.Problems())
            yield return problem;
        if (IsNoHost(MessageIdDomain))
            yield return NoHost(nameof(MessageIdDomain));
        if (!string.IsNullOrEmpty(OnlyTo) && RecipientRules.WrongEntry(OnlyTo) is { } wrong)
            yield return new ValidationResult($"allowed: addresses and domains with commas. \"{wrong}\" is neither; use such as ann@example.com, example.org.", [nameof(OnlyTo)]);
        if (!string.IsNullOrEmpty(RedirectTo) && !RecipientRules.IsAddress(RedirectTo))
            yield return new ValidationResult("allowed: one address without a name. Use one such as staging@example.com.", [nameof(RedirectTo)]);
        foreach (var (key, problem) in RouteRules.Problems(this))
            yield return new ValidationResult(problem, [key]);
    }
}
