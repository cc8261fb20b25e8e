using Npgsql;
using NpgsqlTypes;
using Persistence.Failures;
using Persistence.Text;

namespace Persistence.Deliveries;

/// <summary>An outcome that is to be written.</summary>
/// <param name="Identity">The record that it is of.</param>
/// <param name="FencingToken">The claim it was reached under.</param>
/// <param name="Answers">What the server said per recipient.</param>
internal record OutcomeRequest(RecordIdentity Identity, long FencingToken, IReadOnlyCollection<RecipientAnswer> Answers)
{
    /// <summary>Whether the server may have taken the mail without our knowing.</summary>
    public bool IsUnknown => Answers.Any(answer => answer.Outcome == RecipientOutcome.Unknown);
}

/// <summary>The outcome of a mail that was not sent.</summary>
/// <param name="Identity">The record that it is of.</param>
/// <param name="FencingToken">The claim it was reached under.</param>
/// <param name="Answers">What the server said per recipient.</param>
/// <param name="HandOver">What comes next.</param>
/// <param name="Error">What went wrong, for people.</param>
internal sealed record HandOverRequest(
    RecordIdentity Identity, long FencingToken, IReadOnlyCollection<RecipientAnswer> Answers, HandOver HandOver, string Error)
    : OutcomeRequest(Identity, FencingToken, Answers);

/// <summary>Runs the statements of <see cref="OutcomeSql"/> for mails that differ.</summary>
internal sealed class OutcomeBatch(NpgsqlDataSource dataSource)
{
    private const int ErrorLength = 2_000;
    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;

    public Task<IReadOnlyList<bool>> SentAsync(IReadOnlyList<OutcomeRequest> outcomes) => AskAsync(
        WithOutcomes(Command(OutcomeSql.Sent, outcomes.Select(outcome => outcome.Identity)), outcomes)
            .With("actor", FailureAction.SystemActor),
        outcomes.Select(outcome => outcome.Identity));

    public Task<IReadOnlyList<bool>> HandOverAsync(IReadOnlyList<HandOverRequest> outcomes)
    {
        var redeliveries = outcomes.Select(outcome => outcome.HandOver as HandOver.Redelivery).ToList();
        return AskAsync(
            WithOutcomes(Command(OutcomeSql.HandOver, outcomes.Select(outcome => outcome.Identity)), outcomes)
                .With("states", redeliveries.Select(redelivery => (redelivery is null ? MailState.Dead : MailState.Queued).ToText()).ToArray())
                .With("kinds", redeliveries.Select(redelivery => (redelivery is null ? HandOverKind.DeadLetter : HandOverKind.Redelivery).ToText()).ToArray())
                .With("next_attempts", redeliveries.Select(redelivery => redelivery?.NextAttempt).ToArray())
                .With("dues", redeliveries.Select(redelivery => redelivery?.Due.ToUniversalTime()).ToArray())
                .Nullable("reasons", outcomes.Select(outcome => PostgresText.CleanAndCut(outcome.HandOver.Reason, ErrorLength)).ToArray(), Texts)
                .Nullable("errors", outcomes.Select(outcome => PostgresText.CleanAndCut(outcome.Error, ErrorLength)).ToArray(), Texts),
            outcomes.Select(outcome => outcome.Identity));
    }

    public Task<IReadOnlyList<bool>> MarkAsync(IReadOnlyList<RecordIdentity> identities) =>
        AskAsync(Command(OutcomeSql.Mark, identities), identities);

    public Task<IReadOnlyList<bool>> ReleaseAsync(IReadOnlyList<OutcomeRequest> claims) => AskAsync(
        Command(OutcomeSql.Release, claims.Select(claim => claim.Identity))
            .With("tokens", claims.Select(claim => claim.FencingToken).ToArray()),
        claims.Select(claim => claim.Identity));

    private NpgsqlCommand Command(string sql, IEnumerable<RecordIdentity> identities) => dataSource.CreateCommand(sql)
        .With("ids", identities.Select(identity => identity.MailId).ToArray())
        .With("generations", identities.Select(identity => identity.Generation).ToArray())
        .With("attempts", identities.Select(identity => identity.Attempt).ToArray())
        .With("all", BatchSql.All);

    private static NpgsqlCommand WithOutcomes(NpgsqlCommand command, IReadOnlyList<OutcomeRequest> outcomes) => command
        .With("tokens", outcomes.Select(outcome => outcome.FencingToken).ToArray())
        .With("unknown", outcomes.Select(outcome => outcome.IsUnknown).ToArray())
        .WithAnswers(outcomes);

    private static async Task<IReadOnlyList<bool>> AskAsync(NpgsqlCommand command, IEnumerable<RecordIdentity> identities)
    {
        await using (command)
        {
            await using var reader = await command.ExecuteReaderAsync();
            var answers = new Dictionary<Guid, bool>();
            while (await reader.ReadAsync())
                answers[reader.GetGuid(0)] = reader.GetBoolean(1);
            await reader.ThrowUnlessCommittedAsync();
            return [.. identities.Select(identity => answers.GetValueOrDefault(identity.MailId))];
        }
    }
}
