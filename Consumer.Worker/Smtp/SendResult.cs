using Persistence.Mails;

namespace Consumer.Worker.Smtp;

/// <summary>What became of one recipient.</summary>
/// <param name="Address">The recipient, as given.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reply">The server's reply, where there was one.</param>
/// <param name="Failure">Why it was not accepted.</param>
internal sealed record RecipientResult(string Address, RecipientOutcome Outcome, SmtpReply? Reply, SmtpFailure? Failure)
{
    /// <summary>Why it was not accepted, as exceptions list it: what was said of this recipient names it, and what ended the dialogue is the same for all.</summary>
    public string Reason => Failure is { Phase: SmtpPhase.Recipient, Reply: { } reply } ? $"{Address}: {reply}" : $"{Failure}";
}

/// <summary>What became of one mail in one send.</summary>
/// <param name="Recipients">
/// Each recipient that was asked for, in order; one at least. Of those that the caller named and that are missing here nothing was asked: the
/// server takes no more in one transaction, and the caller sends again for them, at once.
/// </param>
/// <param name="Failure">What ended the dialogue for all recipients; <c>null</c> where it came to its end.</param>
internal sealed record SendResult(IReadOnlyList<RecipientResult> Recipients, SmtpFailure? Failure)
{
    /// <summary>When it was begun, by <see cref="Pace.SmtpPace.Now"/>.</summary>
    public double BegunAt { get; init; }

    /// <summary>How many mails were under way then.</summary>
    public int InUse { get; init; }

    /// <summary>Puts the outcome together: a recipient's own refusal stands, the rest shares what became of the dialogue.</summary>
    public static SendResult Of(
        IReadOnlyList<string> recipients, IReadOnlyDictionary<string, SmtpReply> refused, SmtpReply? final, SmtpFailure? failure)
    {
        var results = recipients.Select(address => refused.TryGetValue(address, out var reply)
            ? Failed(address, FailureClassification.OfReply(SmtpPhase.Recipient, reply))
            : failure is null
                ? new RecipientResult(address, RecipientOutcome.Accepted, final, null)
                : Failed(address, failure)).ToList();
        return new SendResult(results, failure);
    }

    /// <summary>What says that no mail would pass now; none where nothing does.</summary>
    public SmtpFailure? Unavailable => Failure is { Kind: FailureKind.DependencyUnavailable }
        ? Failure
        : Recipients.FirstOrDefault(recipient => recipient.Failure?.Kind == FailureKind.DependencyUnavailable)?.Failure;

    /// <summary>Whether the sender was refused as all others may be; a probe tells.</summary>
    public bool MayRefuseAllSenders => Failure is { Phase: SmtpPhase.Mail, Reply: { } reply } && FailureClassification.MayRefuseAllSenders(reply);

    /// <summary>Whether the server has said something that may mean the session's login, and not the mail.</summary>
    public bool MeansLogin => Recipients.Any(recipient => recipient.Failure?.Verdict.OfItself is not null);

    /// <summary>The same where the login is well: what the server refused, it refused this mail or this recipient.</summary>
    public SendResult OfItself() => MeansLogin
        ? this with
        {
            Recipients = [.. Recipients.Select(recipient => recipient.Failure is { } failure ? Failed(recipient.Address, Own(failure)) : recipient)],
            Failure = Failure is null ? null : Own(Failure),
        }
        : this;

    private static SmtpFailure Own(SmtpFailure failure) =>
        failure.Verdict.OfItself is { } kind ? failure with { Text = $"{failure.Text} (a new connection logs in well)", Verdict = new Verdict(kind) } : failure;

    private static RecipientResult Failed(string address, SmtpFailure failure) => new(address, Outcome(failure), failure.Reply, failure);

    private static RecipientOutcome Outcome(SmtpFailure failure) => failure switch
    {
        { Verdict.OutcomeUnknown: true } => RecipientOutcome.Unknown,
        { Kind: FailureKind.Permanent } => RecipientOutcome.Rejected,
        _ => RecipientOutcome.Deferred,
    };
}
