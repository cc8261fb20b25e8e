using Npgsql;
using NpgsqlTypes;
using Persistence.Failures;
using Persistence.Text;

namespace Persistence.Deliveries;

/// <summary>An outcome that is to be written.</summary>
/// <param name="Record">The record that it is of.</param>
/// <param name="FencingToken">The claim it was reached under.</param>
/// <param name="Answers">What the server said per recipient.</param>
internal record OutcomeRequest(MailRecord Record, long FencingToken, IReadOnlyCollection<RecipientAnswer> Answers)
{
    public RecordIdentity Identity => Record.Identity;

    /// <summary>Whether the server may have taken the mail without our knowing.</summary>
    public bool IsUnknown => Answers.Any(answer => answer.Outcome == RecipientOutcome.Unknown);
}

/// <summary>The outcome of a mail that was not sent.</summary>
/// <param name="Record">The record that it is of.</param>
/// <param name="FencingToken">The claim it was reached under.</param>
/// <param name="Answers">What the server said per recipient.</param>
/// <param name="HandOver">What comes next.</param>
/// <param name="Error">What went wrong, for people.</param>
internal sealed record HandOverRequest(
    MailRecord Record, long FencingToken, IReadOnlyCollection<RecipientAnswer> Answers, HandOver HandOver, string Error)
    : OutcomeRequest(Record, FencingToken, Answers);

/// <summary>Runs the statements of <see cref="OutcomeSql"/> for mails that differ.</summary>
internal sealed class OutcomeBatch(NpgsqlDataSource dataSource)
{
    private const int ErrorLength = 2_000;
    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;

    public async Task<IReadOnlyList<bool>> SentAsync(IReadOnlyList<OutcomeRequest> outcomes)
    {
        var held = await AskAsync(OutcomeSql.SentWhileHeld, WithOutcomes(Command(OutcomeSql.SentWhileHeld, outcomes), outcomes));
        var others = outcomes.Where(outcome => !held.ContainsKey(outcome.Identity.MailId)).ToList();
        if (others.Count > 0)
        {
            var command = WithOutcomes(Command(OutcomeSql.Sent, others), others).With("actor", FailureAction.SystemActor);
            foreach (var (mail, isHeld) in await AskAsync(OutcomeSql.Sent, command))
                held[mail] = isHeld;
        }

        return InOrder(held, outcomes.Select(outcome => outcome.Identity));
    }

    public async Task<IReadOnlyList<bool>> HandOverAsync(IReadOnlyList<HandOverRequest> outcomes)
    {
        var redeliveries = outcomes.Select(outcome => outcome.HandOver as HandOver.Redelivery).ToList();
        var held = await AskAsync(
            OutcomeSql.HandOver,
            WithOutcomes(Command(OutcomeSql.HandOver, outcomes), outcomes)
                .With("states", redeliveries.Select(redelivery => (redelivery is null ? MailState.Dead : MailState.Queued).ToText()).ToArray())
                .With("kinds", redeliveries.Select(redelivery => (redelivery is null ? HandOverKind.DeadLetter : HandOverKind.Redelivery).ToText()).ToArray())
                .With("next_attempts", redeliveries.Select(redelivery => redelivery?.NextAttempt).ToArray())
                .With("dues", redeliveries.Select(redelivery => redelivery?.Due.ToUniversalTime()).ToArray())
                .Nullable("reasons", outcomes.Select(outcome => PostgresText.CleanAndCut(outcome.HandOver.Reason, ErrorLength)).ToArray(), Texts)
                .Nullable("errors", outcomes.Select(outcome => PostgresText.CleanAndCut(outcome.Error, ErrorLength)).ToArray(), Texts));
        return InOrder(held, outcomes.Select(outcome => outcome.Identity));
    }

    public async Task<IReadOnlyList<bool>> MarkAsync(IReadOnlyList<RecordIdentity> identities) =>
        InOrder(await AskAsync(OutcomeSql.Mark, Command(OutcomeSql.Mark, identities)), identities);

    public async Task<IReadOnlyList<bool>> ReleaseAsync(IReadOnlyList<HeldClaim> claims)
    {
        var identities = claims.Select(claim => claim.Identity).ToList();
        var held = await AskAsync(OutcomeSql.Release, Command(OutcomeSql.Release, identities).With("tokens", claims.Select(claim => claim.FencingToken).ToArray()));
        return InOrder(held, identities);
    }

    private NpgsqlCommand Command(Statement statement, IEnumerable<OutcomeRequest> outcomes) =>
        Command(statement, outcomes.Select(outcome => outcome.Identity).ToList());

    private NpgsqlCommand Command(Statement statement, IReadOnlyList<RecordIdentity> identities) => dataSource.CreateCommand(statement.Text)
        .With("ids", identities.Select(identity => identity.MailId).ToArray())
        .With("generations", identities.Select(identity => identity.Generation).ToArray())
        .With("attempts", identities.Select(identity => identity.Attempt).ToArray())
        .With("all", BatchSql.All);

    private static NpgsqlCommand WithOutcomes(NpgsqlCommand command, IReadOnlyList<OutcomeRequest> outcomes) => command
        .With("tokens", outcomes.Select(outcome => outcome.FencingToken).ToArray())
        .With("unknown", outcomes.Select(outcome => outcome.IsUnknown).ToArray())
        .WithAnswers(outcomes);

    /// <summary>By mail, whether its claim is still the current one.</summary>
    private static async Task<Dictionary<Guid, bool>> AskAsync(Statement statement, NpgsqlCommand command)
    {
        await using (command)
        {
            await using var reader = await statement.Number(command).ExecuteReaderAsync();
            var held = new Dictionary<Guid, bool>();
            while (await reader.ReadAsync())
                held[reader.GetGuid(0)] = reader.GetBoolean(1);
            await reader.ThrowUnlessCommittedAsync();
            return held;
        }
    }

    private static bool[] InOrder(Dictionary<Guid, bool> held, IEnumerable<RecordIdentity> identities) =>
        [.. identities.Select(identity => held.GetValueOrDefault(identity.MailId))];
}
