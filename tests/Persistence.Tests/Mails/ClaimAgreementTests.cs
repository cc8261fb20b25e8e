using NUnit.Framework;
using Persistence.Mails;
using Persistence.Text;
using Shouldly;

namespace Persistence.Tests.Mails;

/// <summary>The claim's SQL against <see cref="Transitions"/>, for every row and every record.</summary>
public sealed class ClaimAgreementTests : StoreTests
{
    private sealed record Case(RowFacts Row, int Epoch, int Attempt);

    [Test]
    public async Task The_statement_and_the_pure_table_agree_on_every_combination([Values] MailState state, [Values] bool inOneBatch)
    {
        var lapsed = await Store.StartWorkerAsync("lapsed:1");
        await Store.LoseLeaseAsync(lapsed);
        var live = await Store.StartWorkerAsync("live:1");

        var cases = Cases(state).Select(one => (
            Case: one,
            Record: Make.Record(epoch: one.Epoch, attempt: one.Attempt),
            Holder: one.Row.Holder switch { Holder.Live => live, Holder.Own => Worker, _ => lapsed })).ToList();
        foreach (var (one, record, holder) in cases)
            await SeedAsync(record, one.Row, holder);
        // Those that are asked for at once share their statements.
        var results = new List<ClaimResult>();
        foreach (var batch in cases.Chunk(inOneBatch ? cases.Count : 1))
            results.AddRange(await Task.WhenAll(batch.Select(one => Store.Mails.ClaimAsync(one.Record, Worker, one.Case.Row.Holder == Holder.Own ? 5 : null))));

        var disagreements = new List<string>();
        foreach (var ((one, record, holder), result) in cases.Zip(results))
        {
            var expected = Transitions.Decide(one.Row, one.Epoch, one.Attempt);
            if (!Says(result, expected, one, holder) || !await RowSaysAsync(record, one, expected))
                disagreements.Add($"{one}: table {expected}, statement {result}");
        }
        disagreements.ShouldBeEmpty();
    }

    private static IEnumerable<Case> Cases(MailState state) =>
        from start in new[] { (Epoch: 0, Attempt: 1), (Epoch: 1, Attempt: 2) }
        from outboxEntry in new OutboxKind?[] { null, OutboxKind.Redelivery, OutboxKind.DeadLetter, OutboxKind.Schedule }
        from published in outboxEntry is null ? [false] : new[] { false, true }
        from holder in state == MailState.Sending ? Enum.GetValues<Holder>() : [Holder.Lapsed]
        from otherContent in new[] { false, true }
        from epoch in new[] { start.Epoch - 1, start.Epoch, start.Epoch + 1 }.Where(value => value >= 0)
        from attempt in new[] { start.Attempt - 1, start.Attempt, start.Attempt + 1 }
        select new Case(
            new RowFacts(start.Epoch, start.Attempt, state, outboxEntry, published, holder, otherContent), epoch, attempt);

    private static bool Says(ClaimResult result, ClaimDecision expected, Case one, Guid holder) => expected switch
    {
        ClaimDecision.Claim => result is ClaimResult.Claimed { TakenOverFrom: null },
        ClaimDecision.TakeOver => result is ClaimResult.Claimed claimed && claimed.TakenOverFrom == holder,
        ClaimDecision.Raise => result is ClaimResult.Claimed,
        ClaimDecision.Busy => result is ClaimResult.Busy busy && busy.WorkerId == holder,
        ClaimDecision.OutboxPending => result is ClaimResult.OutboxPending pending && pending.Kind == one.Row.OutboxEntry,
        ClaimDecision.Stale => result is ClaimResult.Stale stale && stale.State == one.Row.State,
        _ => result is ClaimResult.IdempotencyConflict,
    };

    private async Task<bool> RowSaysAsync(MailRecord record, Case one, ClaimDecision expected)
    {
        var mail = await Store.MailAsync(record.Identity.MailId);
        return expected is ClaimDecision.Claim or ClaimDecision.TakeOver or ClaimDecision.Raise
            ? (mail.State, mail.Epoch, mail.Attempt, mail.WorkerId) == (MailState.Sending, one.Epoch, one.Attempt, (Guid?)Worker)
              && mail.FencingToken == 6 && mail.OutboxEntry is null
            : (mail.State, mail.Epoch, mail.Attempt, mail.FencingToken) == (one.Row.State, one.Row.Epoch, one.Row.Attempt, 5L);
    }

    private Task SeedAsync(MailRecord record, RowFacts row, Guid holder) => Store.ExecuteAsync(
        """
        INSERT INTO email.mails (id, epoch, attempt, state, outbox_entry, published_at, worker_id, fencing_token,
            first_topic, first_partition, first_offset, content_hash, unknown_outcomes, claimed_at)
        VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END, $7, 5, $8, $9, $10, $11, 0, now())
        """,
        record.Identity.MailId, row.Epoch, row.Attempt, row.State.ToText(),
        (object?)row.OutboxEntry?.ToText() ?? DBNull.Value, row.OutboxPublished, holder,
        record.Topic, record.Partition, row.OtherContent ? record.Offset + 1 : record.Offset,
        row.OtherContent ? new byte[] { 1 } : record.ContentHash);
}
