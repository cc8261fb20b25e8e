using System.Text;
using Consumer.Worker.Dkim;
using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Relays;
using Contracts;
using Microsoft.Extensions.Options;
using Persistence.Alerts;
using Persistence.Mails;

namespace Consumer.Worker.Alerts;

/// <summary>
/// E-mails, by the relay that the sender's mails go by, and not by Kafka: an alert that fails makes no failure, of which it would have to tell. While
/// the relay is away nobody hears by this channel.
/// </summary>
internal sealed class EmailChannel(
    IOptions<AlertOptions> options, AlertSource source, SmtpRelays relays, RecipientRules rules, MailComposer composer, DkimKeys dkim, ILogger<EmailChannel> logger)
    : IAlertChannel
{
    /// <inheritdoc />
    public string Name => "email";

    /// <inheritdoc />
    public bool IsConfigured => options.Value.EmailAddresses.Count > 0;

    /// <inheritdoc />
    public async Task<AlertOutcome> PostAsync(AlertPost post, CancellationToken cancellationToken)
    {
        var open = options.Value.EmailAddresses.Where(address => !rules.HoldsBack(address)).ToList();
        if (open.Count == 0)
            return new AlertOutcome($"{RecipientRules.Reason}", Refused: true);
        var from = options.Value.EmailFrom!;
        var asked = new List<RecipientResult>();
        try
        {
            using var mail = dkim.Signed(MailComposer.Compose(MailOf(post, from, open), composer.MessageId(post.Id, MailAddresses.ForEnvelope(MailAddresses.Parse(from))), post.CreatedAt));
            var sender = relays.RouteOf(from, []).Choose().Sender;
            while (open.Count > 0)
            {
                var part = await sender.SendAsync(mail, open, () => { }, cancellationToken);
                asked.AddRange(part.Recipients);
                open = [.. open.Except(part.Recipients.Select(recipient => recipient.Address), StringComparer.Ordinal)];
                if (part.Failure is not null)
                    break;
            }
        }
        catch (MailException exception) when (!asked.Exists(IsAccepted))
        {
            return new AlertOutcome(exception.Message, Refused: exception is PermanentMailException);
        }
        catch (MailException exception)
        {
            logger.LogDebug(exception, "An alert reached some of Alerts:EmailTo");
        }

        return OutcomeOf(asked, open);
    }

    /// <summary>Reached is reached: who has it is not sent to again for the sake of others.</summary>
    private AlertOutcome OutcomeOf(List<RecipientResult> asked, List<string> open)
    {
        var failed = asked.Where(recipient => !IsAccepted(recipient)).Select(recipient => recipient.Reason).Concat(open.Select(address => $"{address}: not asked for")).ToList();
        var reason = string.Join("; ", failed.Distinct(StringComparer.Ordinal));
        if (!asked.Exists(IsAccepted))
            return new AlertOutcome(reason, Refused: asked.TrueForAll(recipient => recipient.Failure is { Kind: FailureKind.Permanent }) && open.Count == 0);
        if (failed.Count > 0)
            logger.LogWarning("An alert did not reach all of Alerts:EmailTo: {Reason}", reason);
        return AlertOutcome.Sent;
    }

    private static bool IsAccepted(RecipientResult recipient) => recipient.Outcome == RecipientOutcome.Accepted;

    private SendEmail MailOf(AlertPost post, string from, IReadOnlyList<string> to)
    {
        var words = source.Text(post.Digest);
        var text = new StringBuilder();
        foreach (var line in words.Lines)
        {
            text.Append(line.Label).Append(": ").Append(line.Title).Append("\r\n  ").Append(line.Detail).Append("\r\n");
            if (line.Link is { } link)
                text.Append("  ").Append(link.AbsoluteUri).Append("\r\n");
            text.Append("\r\n");
        }

        if (words.Rest is { } rest)
            text.Append(rest).Append("\r\n");
        return new SendEmail
        {
            From = from,
            To = to,
            Subject = words.Lines is [var only] ? $"{words.Headline}: {only.Title}" : words.Headline,
            Text = text.ToString(),
            // RFC 3834: nobody's holiday answers it.
            Headers = new Dictionary<string, string> { ["Auto-Submitted"] = "auto-generated" },
        };
    }
}
