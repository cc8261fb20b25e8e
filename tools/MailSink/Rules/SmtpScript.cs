using System.Collections.Immutable;

namespace MailSink.Rules;

/// <summary>The rules that tests gave this server; the first that fits acts. Safe to change while mail comes in.</summary>
public sealed class SmtpScript
{
    private readonly TimeProvider _timeProvider;
    private ImmutableArray<ActiveRule> _rules = [];

    internal SmtpScript(TimeProvider timeProvider) => _timeProvider = timeProvider;

    /// <summary>The rules in force, in order, also those that are spent.</summary>
    public IReadOnlyList<ActiveRule> Rules => _rules;

    /// <summary>Adds a rule after those that are there; its time starts now.</summary>
    /// <exception cref="ArgumentException">A condition of the rule can never hold.</exception>
    public ActiveRule Add(ScriptRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var active = Activate(rule, _timeProvider.GetTimestamp());
        ImmutableInterlocked.Update(ref _rules, rules => rules.Add(active));
        return active;
    }

    /// <summary>Puts these rules in the place of all others; their time starts now.</summary>
    /// <exception cref="ArgumentException">A condition of a rule can never hold; then nothing is changed.</exception>
    public void Replace(IEnumerable<ScriptRule> rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        var now = _timeProvider.GetTimestamp();
        ImmutableInterlocked.InterlockedExchange(ref _rules, [.. rules.Select(rule => Activate(rule, now))]);
    }

    /// <summary>Takes a rule away.</summary>
    public void Remove(ActiveRule rule) => ImmutableInterlocked.Update(ref _rules, rules => rules.Remove(rule));

    /// <summary>Takes all rules away.</summary>
    public void Clear() => ImmutableInterlocked.InterlockedExchange(ref _rules, []);

    internal RuleAction? Decide(in SmtpMoment moment)
    {
        foreach (var active in _rules)
        {
            if (active.Rule.Fits(moment, _timeProvider.GetElapsedTime(active.AddedAt)) && active.TryTake())
                return active.Rule.Then;
        }

        return null;
    }

    private static ActiveRule Activate(ScriptRule rule, long now) =>
        rule.Problem() is { } problem ? throw new ArgumentException(problem, nameof(rule)) : new ActiveRule(rule, now);
}

/// <summary>A rule in force and how often it acted.</summary>
public sealed class ActiveRule
{
    private int _hits;

    internal ActiveRule(ScriptRule rule, long addedAt) => (Rule, AddedAt) = (rule, addedAt);

    /// <summary>The rule as it was given.</summary>
    public ScriptRule Rule { get; }

    /// <summary>How often it acted.</summary>
    public int Hits => Volatile.Read(ref _hits);

    internal long AddedAt { get; }

    internal bool TryTake()
    {
        while (true)
        {
            var hits = Hits;
            if (hits >= Rule.Times)
                return false;
            if (Interlocked.CompareExchange(ref _hits, hits + 1, hits) == hits)
                return true;
        }
    }
}
