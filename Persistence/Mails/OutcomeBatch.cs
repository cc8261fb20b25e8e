using Npgsql;
using NpgsqlTypes;
using Persistence.Failures;
using Persistence.Text;

namespace Persistence.Mails;

/// <summary>An outcome that is to be written.</summary>
/// <param name="Record">The record that it is of.</param>
/// <param name="FencingToken">The claim it was reached under.</param>
/// <param name="Replies">The server's replies by recipient.</param>
internal record OutcomeRequest(MailRecord Record, long FencingToken, IReadOnlyCollection<RecipientReply> Replies)
{
    public RecordIdentity Identity => Record.Identity;

    /// <summary>Whether it is that of a claim that was <see cref="ClaimRequest.IsFresh"/>, with a known outcome.</summary>
    public bool IsFresh => FencingToken == ClaimBatch.InsertToken && Identity is { Epoch: 0, Attempt: 1 } && !IsUnknown;

    /// <summary>Whether the server may have taken the mail without our knowing.</summary>
    public virtual bool IsUnknown => Replies.Any(reply => reply.Outcome == RecipientOutcome.Unknown);
}

/// <summary>The outcome of a mail that was not sent.</summary>
/// <param name="Record">The record that it is of.</param>
/// <param name="FencingToken">The claim it was reached under.</param>
/// <param name="Replies">The server's replies by recipient.</param>
/// <param name="OutboxEntry">What comes next.</param>
/// <param name="Error">What went wrong, for people.</param>
internal sealed record OutboxRequest(
    MailRecord Record, long FencingToken, IReadOnlyCollection<RecipientReply> Replies, OutboxEntry OutboxEntry, string Error)
    : OutcomeRequest(Record, FencingToken, Replies);

/// <summary>A mail that is held back from some of its recipients.</summary>
/// <param name="Record">The record that it is of.</param>
/// <param name="FencingToken">The claim it was reached under.</param>
/// <param name="Replies">The server's replies by recipient, and why the others were not sent to.</param>
/// <param name="Reason">Why, for people.</param>
internal sealed record HeldRequest(MailRecord Record, long FencingToken, IReadOnlyCollection<RecipientReply> Replies, string Reason)
    : OutcomeRequest(Record, FencingToken, Replies);

/// <summary>A mail that is left.</summary>
/// <param name="Record">The record that it is of.</param>
/// <param name="FencingToken">The claim it is left by.</param>
/// <param name="Replies">The server's replies by recipient.</param>
/// <param name="MayBeSent">Whether the outcome is unknown though no reply says so.</param>
internal sealed record LeaveRequest(MailRecord Record, long FencingToken, IReadOnlyCollection<RecipientReply> Replies, bool MayBeSent)
    : OutcomeRequest(Record, FencingToken, Replies)
{
    public override bool IsUnknown => MayBeSent || base.IsUnknown;
}

/// <summary>Runs the statements of <see cref="OutcomeSql"/> for mails that differ.</summary>
internal sealed class OutcomeBatch(NpgsqlDataSource dataSource)
{
    private const int ErrorLength = 2_000;
    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;

    public async Task<IReadOnlyList<bool>> SentAsync(IReadOnlyList<OutcomeRequest> outcomes)
    {
        var held = await SentFreshAsync([.. outcomes.Where(outcome => outcome.IsFresh)]);
        var others = outcomes.Where(outcome => !held.ContainsKey(outcome.Identity.MailId)).ToList();
        if (others.Count > 0)
        {
            foreach (var (mail, isHeld) in await FindAsync(
                OutcomeSql.Sent, Identities(others), command => WithOutcomes(command, others).With("actor", FailureAction.SystemActor)))
                held[mail] = isHeld;
        }

        return InOrder(held, Identities(outcomes));
    }

    public Task<IReadOnlyList<bool>> WriteOutboxEntryAsync(IReadOnlyList<OutboxRequest> outcomes)
    {
        var redeliveries = outcomes.Select(outcome => outcome.OutboxEntry as OutboxEntry.Redelivery).ToList();
        return AskAsync(OutcomeSql.OutboxEntry, Identities(outcomes), command => WithOutcomes(command, outcomes)
            .With("states", redeliveries.Select(redelivery => (redelivery is null ? MailState.Dead : MailState.Queued).ToText()).ToArray())
            .With("kinds", redeliveries.Select(redelivery => (redelivery is null ? OutboxKind.DeadLetter : OutboxKind.Redelivery).ToText()).ToArray())
            .With("next_attempts", redeliveries.Select(redelivery => redelivery?.NextAttempt).ToArray())
            .With("dues", redeliveries.Select(redelivery => redelivery?.Due.ToUniversalTime()).ToArray())
            .Nullable("reasons", outcomes.Select(outcome => PostgresText.CleanAndCut(outcome.OutboxEntry.Reason, ErrorLength)).ToArray(), Texts)
            .Nullable("errors", outcomes.Select(outcome => PostgresText.CleanAndCut(outcome.Error, ErrorLength)).ToArray(), Texts));
    }

    public Task<IReadOnlyList<bool>> HoldBackAsync(IReadOnlyList<HeldRequest> outcomes) =>
        AskAsync(OutcomeSql.Held, Identities(outcomes), command => WithOutcomes(command, outcomes)
            .Nullable("reasons", outcomes.Select(outcome => PostgresText.CleanAndCut(outcome.Reason, ErrorLength)).ToArray(), Texts));

    public Task<IReadOnlyList<bool>> MarkPublishedAsync(IReadOnlyList<RecordIdentity> identities) => AskAsync(OutcomeSql.Published, identities, _ => { });

    public Task<IReadOnlyList<bool>> LeaveAsync(IReadOnlyList<LeaveRequest> outcomes) =>
        AskAsync(OutcomeSql.Leave, Identities(outcomes), command => WithOutcomes(command, outcomes));

    private async Task<Dictionary<Guid, bool>> SentFreshAsync(List<OutcomeRequest> outcomes)
    {
        try
        {
            return outcomes.Count == 0 ? [] : await FindAsync(OutcomeSql.SentFresh, Identities(outcomes), command => command.WithReplies(outcomes));
        }
        catch (PostgresException exception) when (PostgresErrors.IsTaken(exception))
        {
            return [];
        }
    }

    private static RecordIdentity[] Identities(IEnumerable<OutcomeRequest> outcomes) => [.. outcomes.Select(outcome => outcome.Identity)];

    private static NpgsqlCommand WithOutcomes(NpgsqlCommand command, IReadOnlyList<OutcomeRequest> outcomes) => command
        .With("tokens", outcomes.Select(outcome => outcome.FencingToken).ToArray())
        .With("unknown", outcomes.Select(outcome => outcome.IsUnknown).ToArray())
        .WithReplies(outcomes);

    private async Task<IReadOnlyList<bool>> AskAsync(Statement statement, IReadOnlyList<RecordIdentity> identities, Action<NpgsqlCommand> add) =>
        InOrder(await FindAsync(statement, identities, add), identities);

    /// <summary>By mail, whether its claim is still the current one.</summary>
    private async Task<Dictionary<Guid, bool>> FindAsync(Statement statement, IReadOnlyList<RecordIdentity> identities, Action<NpgsqlCommand> add)
    {
        await using var command = statement.Command(dataSource, command =>
        {
            command.WithIdentities(identities);
            add(command);
        });
        await using var reader = await command.ExecuteReaderAsync();
        var held = new Dictionary<Guid, bool>();
        while (await reader.ReadAsync())
            held[reader.Get<Guid>("id")] = reader.Get<bool>("held");
        await reader.ThrowUnlessCommittedAsync();
        return held;
    }

    private static bool[] InOrder(Dictionary<Guid, bool> held, IEnumerable<RecordIdentity> identities) =>
        [.. identities.Select(identity => held.GetValueOrDefault(identity.MailId))];
}
