using MailSink.Rules;

namespace MailSink.Api;

/// <summary>What <c>PUT /api/v1/script</c> takes: all rules, in order.</summary>
internal sealed record ScriptBody(IReadOnlyList<RuleBody>? Rules);

/// <summary>One rule as JSON; see <see cref="ScriptRule"/>.</summary>
internal sealed record RuleBody
{
    public required SmtpStage At { get; init; }

    public string? Recipient { get; init; }

    public string? Sender { get; init; }

    public long? Connection { get; init; }

    public int? Times { get; init; }

    public long FromMs { get; init; }

    public long? ForMs { get; init; }

    public long? DelayMs { get; init; }

    /// <summary>Reply code, 400 to 599.</summary>
    public int? Reply { get; init; }

    public string? Text { get; init; }

    /// <summary><c>drop_before</c>, <c>drop_after</c> or <c>hang</c>.</summary>
    public string? Then { get; init; }

    /// <summary>How often it acted; given, not taken.</summary>
    public int? Hits { get; init; }

    /// <exception cref="FormatException">The rule asks for nothing, or for two things.</exception>
    /// <exception cref="ArgumentException">A code, a text or a time cannot be.</exception>
    public ScriptRule ToRule() => new(At, ToAction())
    {
        Recipient = Recipient,
        Sender = Sender,
        Connection = Connection,
        Times = Times,
        From = TimeSpan.FromMilliseconds(FromMs),
        For = ForMs is { } duration ? TimeSpan.FromMilliseconds(duration) : null,
    };

    public static RuleBody Of(ActiveRule active)
    {
        var (rule, then) = (active.Rule, active.Rule.Then);
        return new RuleBody
        {
            At = rule.At,
            Recipient = rule.Recipient,
            Sender = rule.Sender,
            Connection = rule.Connection,
            Times = rule.Times,
            FromMs = (long)rule.From.TotalMilliseconds,
            ForMs = (long?)rule.For?.TotalMilliseconds,
            DelayMs = then.Delay > TimeSpan.Zero ? (long)then.Delay.TotalMilliseconds : null,
            Reply = then.Code,
            Text = then.Text,
            Then = then.Ending switch
            {
                RuleEnding.DropBefore => "drop_before",
                RuleEnding.DropAfter => "drop_after",
                RuleEnding.Hang => "hang",
                _ => null,
            },
            Hits = active.Hits,
        };
    }

    private RuleAction ToAction()
    {
        var action = (Reply, Then) switch
        {
            ({ } code, null) => RuleAction.Reply(code, Text),
            (null, "drop_before") => RuleAction.DropBefore,
            (null, "drop_after") => RuleAction.DropAfter,
            (null, "hang") => RuleAction.Hang,
            (null, null) when DelayMs is { } delay => RuleAction.Wait(TimeSpan.FromMilliseconds(delay)),
            _ => throw new FormatException("A rule has either 'reply' (a code) or 'then' (drop_before, drop_after, hang), or 'delay_ms' alone."),
        };
        return DelayMs is { } wait && action.Delay == TimeSpan.Zero ? action.After(TimeSpan.FromMilliseconds(wait)) : action;
    }
}

/// <summary>What <c>PUT /api/v1/listening</c> takes and gives.</summary>
internal sealed record ListeningBody(bool Listening, bool DropConnections = false);
