namespace MailSink.Rules;

/// <summary>Applies <see cref="AddressRule"/>s, which are always on, and counts their rounds per address.</summary>
internal sealed class AddressRules
{
    private const int MostAddressesCounted = 100_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _rounds = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What the first of these recipients that asks for something at this stage gets.</summary>
    public RuleAction? Decide(SmtpStage stage, IReadOnlyList<string> recipients)
    {
        if (stage is not (SmtpStage.Rcpt or SmtpStage.EndOfData))
            return null;

        foreach (var recipient in recipients)
        {
            if (AddressRule.Parse(recipient) is { } rule && rule.At == stage && (rule.Times is not { } times || TakeTurn(recipient, times)))
                return rule.Then;
        }

        return null;
    }

    private bool TakeTurn(string address, int times)
    {
        lock (_lock)
        {
            var turns = _rounds.GetValueOrDefault(address);
            if (turns >= times)
            {
                _rounds.Remove(address);
                return false;
            }

            // Bounded, as the addresses come from outside; rounds under way begin anew, which a sink can afford.
            if (_rounds.Count >= MostAddressesCounted)
                _rounds.Clear();
            _rounds[address] = turns + 1;
            return true;
        }
    }
}
