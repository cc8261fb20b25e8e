using Contracts;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Holds;
using Persistence.Mails;
using Persistence.Retention;
using Shouldly;
using Testing;

namespace Persistence.Tests.Holds;

/// <summary>Holds in Postgres: what is promised of the moment at which one is made, and of that at which it ends.</summary>
// One test after the other: the sweep takes whatever is due, and each hold is on all mails.
[NonParallelizable]
public sealed class HoldTests : StoreTests
{
    private const int MostTries = 20;

    private static readonly WaitingRecord Bytes = new("customer-1"u8.ToArray(), "{}"u8.ToArray(), [new RecordHeader("MessageId", "x"u8.ToArray())]);

    [Test]
    public async Task From_the_moment_a_hold_is_made_nobody_claims_who_does_not_know_of_it()
    {
        for (var round = 0; round < 10; round++)
        {
            var known = (await Store.Holds.ListActiveAsync()).Number;
            using var over = new CancellationTokenSource();
            var claimed = 0;
            var claimers = Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
            {
                while (!over.IsCancellationRequested && await Store.Mails.ClaimAsync(Make.Record(), Worker, holds: known) is ClaimResult.Claimed)
                    Interlocked.Increment(ref claimed);
            })).ToList();
            await Eventually.Until(() => claimed > 50, null, "mails are being claimed");
            var before = await CountAsync();

            var hold = await MakeAsync();
            var made = await CountAsync();
            await Task.WhenAll(claimers);

            (await CountAsync()).ShouldBe(made, "nothing was claimed after the hold was made");
            made.ShouldBeGreaterThanOrEqualTo(before);
            over.Cancel();
            await Store.Holds.ReleaseAsync(hold.Id, "ann", "over");
        }
    }

    [Test]
    public async Task A_hold_waits_for_the_claims_under_way_and_claims_that_begin_meanwhile_see_it()
    {
        // A claim waits for a row no longer than a second: on a slow machine it may be over before the hold is seen to wait for it.
        for (var tries = 1; !await TryAsync(); tries++)
            tries.ShouldBeLessThan(MostTries, "a hold waits for a claim under way");

        async Task<bool> TryAsync()
        {
            var known = (await Store.Holds.ListActiveAsync()).Number;
            var record = await QueuedAsync(known);
            await using var other = await Store.DataSource.OpenConnectionAsync();
            await using var transaction = await other.BeginTransactionAsync();
            await using (var locked = new Npgsql.NpgsqlCommand($"SELECT FROM email.mails WHERE id = '{record.Identity.MailId}' FOR UPDATE", other, transaction))
                await locked.ExecuteNonQueryAsync();

            var underWay = Store.Mails.ClaimAsync(record, Worker, holds: known);
            await Eventually.Until(async () => underWay.IsCompleted || await IsLockedAsync("RowShareLock", granted: true), null, "a claim is under way");
            var making = MakeAsync();
            var waits = false;
            await Eventually.Until(async () => (waits = await IsLockedAsync("ExclusiveLock", granted: false)) || making.IsCompleted, null, "the hold waits");
            if (waits)
                making.IsCompleted.ShouldBeFalse();
            await transaction.CommitAsync();
            try
            {
                (await underWay).ShouldBeOfType<ClaimResult.Claimed>();
            }
            catch (Exception exception) when (!waits && (PostgresErrors.IsContention(exception) || exception is ShouldAssertException))
            {
                // Its second was over.
            }

            var hold = await making;
            (await Store.Mails.ClaimAsync(Make.Record(), Worker, holds: known)).ShouldBeOfType<ClaimResult.HoldsChanged>();
            await Store.Holds.ReleaseAsync(hold.Id, "ann", "over");
            return waits;
        }
    }

    [Test]
    public async Task A_reader_of_holds_such_as_a_backup_keeps_nobody_from_making_one()
    {
        await using var reader = await Store.DataSource.OpenConnectionAsync();
        await using var transaction = await reader.BeginTransactionAsync();
        await using (var read = new Npgsql.NpgsqlCommand("LOCK TABLE email.holds IN ACCESS SHARE MODE", reader, transaction))
            await read.ExecuteNonQueryAsync();

        await Store.Holds.ReleaseAsync((await MakeAsync()).Id, "ann", "over");
    }

    [Test]
    public async Task A_held_mail_goes_on_as_the_attempt_that_it_was_with_its_bytes()
    {
        var hold = await MakeAsync();
        var record = await HeldAsync(hold, attempt: 2);
        var mail = await Store.MailAsync(record.Identity.MailId);
        (mail.State, mail.HoldId, mail.Attempt, mail.OutboxReason, mail.EndedAt, mail.IsHeldInRow).ShouldBe((MailState.Held, hold.Id, 1, "a flood", null, true));
        mail.Recipients.ShouldHaveSingleItem().Outcome.ShouldBe(RecipientOutcome.Pending);
        (await Store.Holds.FindAsync(hold.Id))!.Waiting.ShouldBe(1);
        (await Store.Holds.ListToSweepAsync()).ShouldBeEmpty();
        (await Store.Schedules.TakeDueAsync(100, TimeSpan.Zero)).ShouldBeEmpty("it waits");

        await ReleaseAsync(hold);
        var due = (await Store.Schedules.TakeDueAsync(100, TimeSpan.FromMinutes(1))).ShouldHaveSingleItem();
        (due.MailId, due.Topic, due.ScheduledAt).ShouldBe((record.Identity.MailId, record.Topic, null));
        due.Record.Key.ShouldBe(Bytes.Key);
        due.Record.Value.ShouldBe(Bytes.Value);
        await Store.Schedules.MarkPublishedAsync([due]);
        (await Store.Mails.ClaimAsync(record.Next(attempt: 1), Worker, holds: hold.Number)).ShouldBeOfType<ClaimResult.Stale>("its redelivery went on");
        (await Store.Mails.ClaimAsync(record, Worker, holds: hold.Number)).ShouldBeOfType<ClaimResult.Claimed>();
        mail = await Store.MailAsync(record.Identity.MailId);
        (mail.State, mail.HoldId, mail.Attempt).ShouldBe((MailState.Sending, null, 2));
        (await StoredAsync(record)).ShouldBeFalse();
        (await Store.Holds.FindAsync(hold.Id))!.Waiting.ShouldBe(0);
    }

    [Test]
    public async Task A_mail_that_is_held_at_the_very_moment_at_which_its_hold_ends_goes_on_all_the_same()
    {
        // Its statement, too, waits for a row no longer than a second.
        for (var tries = 1; !await TryAsync(); tries++)
            tries.ShouldBeLessThan(MostTries, "a mail is held while its hold ends");

        async Task<bool> TryAsync()
        {
            var hold = await MakeAsync();
            var record = await QueuedAsync(hold.Number);
            await using var other = await Store.DataSource.OpenConnectionAsync();
            await using var transaction = await other.BeginTransactionAsync();
            await using (var locked = new Npgsql.NpgsqlCommand($"SELECT FROM email.mails WHERE id = '{record.Identity.MailId}' FOR UPDATE", other, transaction))
                await locked.ExecuteNonQueryAsync();

            // Its statement has begun, and sees the hold in force, whatever comes.
            var holding = Store.Mails.HoldAsync(record, hold.Id, Bytes, Worker);
            await Eventually.Until(
                async () => holding.IsCompleted
                    || await Store.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%''held'', h.id%')"),
                null, "the statement waits for the row");
            await ReleaseAsync(hold);
            (await Store.Schedules.TakeDueAsync(100, TimeSpan.Zero)).ShouldBeEmpty("it is not held yet");
            await transaction.CommitAsync();
            try
            {
                (await holding).ShouldBe(new ClaimResult.Held(hold.Id));
            }
            catch (Npgsql.PostgresException exception) when (PostgresErrors.IsContention(exception))
            {
                return false;
            }

            await SweepAsync();
            var due = (await Store.Schedules.TakeDueAsync(100, TimeSpan.FromMinutes(1))).ShouldHaveSingleItem();
            due.MailId.ShouldBe(record.Identity.MailId);
            await Store.Schedules.MarkPublishedAsync([due]);
            return true;
        }
    }

    [Test]
    public async Task A_mark_that_comes_after_the_mail_was_held_and_released_once_more_does_not_strand_it()
    {
        var first = await MakeAsync();
        var record = await HeldAsync(first);
        await ReleaseAsync(first);
        var produced = await Store.Schedules.TakeDueAsync(100, TimeSpan.FromMinutes(1));

        // Its record was read before the sweep marked it.
        var second = await MakeAsync();
        (await Store.Mails.HoldAsync(record, second.Id, Bytes, Worker)).ShouldBeOfType<ClaimResult.Held>();
        await ReleaseAsync(second);
        await Store.Schedules.MarkPublishedAsync(produced);

        var due = (await Store.Schedules.TakeDueAsync(100, TimeSpan.FromMinutes(1))).ShouldHaveSingleItem();
        due.MailId.ShouldBe(record.Identity.MailId);
        await Store.Schedules.MarkPublishedAsync([due]);
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Queued);
    }

    [Test]
    public async Task A_sweep_that_dies_before_it_marks_leaves_the_mail_to_the_next_one()
    {
        var hold = await MakeAsync();
        var record = await HeldAsync(hold);
        await ReleaseAsync(hold);
        (await Store.Schedules.TakeDueAsync(100, TimeSpan.Zero)).ShouldHaveSingleItem();
        (await Store.Schedules.TakeDueAsync(100, TimeSpan.FromMinutes(1))).ShouldHaveSingleItem().MailId.ShouldBe(record.Identity.MailId);
        // What was produced is claimed, marked or not.
        (await Store.Mails.ClaimAsync(record, Worker, holds: hold.Number)).ShouldBeOfType<ClaimResult.Claimed>();
    }

    [Test]
    public async Task What_a_worker_was_sending_when_its_lease_ran_out_is_unknown_when_it_goes_on_and_counted_once()
    {
        var gone = await Store.StartWorkerAsync("gone:1");
        var record = Make.Record();
        await Store.Mails.ClaimAsync(record, gone, holds: long.MaxValue);
        await Store.LoseLeaseAsync(gone);
        var hold = await MakeAsync();
        (await Store.Mails.HoldAsync(record, hold.Id, Bytes, Worker)).ShouldBeOfType<ClaimResult.Held>();
        var mail = await Store.MailAsync(record.Identity.MailId);
        (mail.UnknownOutcomes, mail.Recipients[0].Outcome).ShouldBe((1, RecipientOutcome.Unknown));
        (await Store.Schedules.CancelAsync(mail.Id, "ann", accepted: true)).ShouldBe(CancelResult.Refused, "a recipient may have it");

        await ReleaseAsync(hold);
        (await Store.Mails.ClaimAsync(record, Worker, holds: hold.Number)).ShouldBeOfType<ClaimResult.Claimed>().TakenOverFrom.ShouldBe(gone);
        (await Store.MailAsync(mail.Id)).UnknownOutcomes.ShouldBe(1);
    }

    [Test]
    public async Task A_held_mail_is_canceled_and_does_not_go_on()
    {
        var hold = await MakeAsync();
        var record = await HeldAsync(hold);
        (await Store.Schedules.CancelAsync(record.Identity.MailId, "ann", accepted: true)).ShouldBe(CancelResult.Canceled);
        await ReleaseAsync(hold);
        (await Store.Schedules.TakeDueAsync(100, TimeSpan.Zero)).ShouldBeEmpty();
        (await Store.Mails.ClaimAsync(record, Worker, holds: hold.Number)).ShouldBeOfType<ClaimResult.Stale>();
        (await StoredAsync(record)).ShouldBeFalse();
    }

    [Test]
    public async Task A_hold_that_cancels_ends_its_mails_with_its_id_and_reason_and_their_failures_also_where_it_is_released_before_that()
    {
        var record = Make.Record();
        await Store.DieAsync(record, Worker);
        await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId));
        var failure = (await Store.Failures.ListAsync(new FailureFilter { MailId = record.Identity.MailId }, 10)).Items.ShouldHaveSingleItem();
        (await Store.Failures.RequestReplayAsync(failure.Id, "bob", null)).ShouldBeOfType<ReplayResult.Accepted>();
        await Store.Failures.MarkReplayedAsync(failure.Id);
        var hold = await MakeAsync(HoldMode.Cancel);
        (await Store.Mails.HoldAsync(record.Next(epoch: 1), hold.Id, new WaitingRecord(null, null, []), Worker)).ShouldBeOfType<ClaimResult.Held>();

        await ReleaseAsync(hold);

        var mail = await Store.MailAsync(record.Identity.MailId);
        (mail.State, mail.HoldId, mail.LastError).ShouldBe((MailState.Canceled, hold.Id, $"Canceled by hold {hold.Id}: a flood"));
        mail.EndedAt.ShouldNotBeNull();
        (await Store.Failures.FindAsync(failure.Id))!.Status.ShouldBe(FailureStatus.Resolved);
        (await Store.Holds.ListToSweepAsync()).ShouldBeEmpty();
        (await Store.Mails.ClaimAsync(record.Next(epoch: 1), Worker, holds: hold.Number)).ShouldBeOfType<ClaimResult.Stale>();
    }

    [Test]
    public async Task A_hold_ends_by_itself_at_its_time_and_a_release_after_that_changes_nothing()
    {
        var hold = await MakeAsync(until: DateTimeOffset.UtcNow.AddHours(1));
        var record = await HeldAsync(hold);
        await SweepAsync();
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Held);
        await Store.ExecuteAsync("UPDATE email.holds SET until = now() - interval '1 second' WHERE id = $1", hold.Id);

        (await Store.Holds.ListActiveAsync()).Holds.ShouldNotContain(active => active.Id == hold.Id);
        (await Store.Mails.HoldAsync(Make.Record(), hold.Id, Bytes, Worker)).ShouldBeOfType<ClaimResult.HoldsChanged>();
        var late = (await Store.Holds.ReleaseAsync(hold.Id, "ann", "over"))!;
        (late.IsActive, late.ReleasedAt, late.ReleasedBy).ShouldBe((false, null, null));
        await SweepAsync();
        var due = (await Store.Schedules.TakeDueAsync(100, TimeSpan.FromMinutes(1))).ShouldHaveSingleItem();
        await Store.Schedules.MarkPublishedAsync([due]);
    }

    [Test]
    public async Task A_hold_keeps_who_made_it_and_who_released_it_first()
    {
        var hold = await MakeAsync();
        (hold.CreatedBy, hold.Reason, hold.IsActive).ShouldBe(("ann", "a flood", true));
        await Store.Holds.ReleaseAsync(hold.Id, "bob", "it is over");
        var again = (await Store.Holds.ReleaseAsync(hold.Id, "cy", "really"))!;
        (again.IsActive, again.ReleasedBy, again.ReleaseReason).ShouldBe((false, "bob", "it is over"));
        (await Store.Holds.ReleaseAsync(Guid.NewGuid(), "bob", "none")).ShouldBeNull();
    }

    [Test]
    public async Task Holds_are_listed_in_pages_the_newest_first()
    {
        var holds = new List<Hold>();
        for (var number = 0; number < 3; number++)
            holds.Insert(0, await MakeAsync());
        await Store.Holds.ReleaseAsync(holds[1].Id, "ann", "over");

        var page = await Store.Holds.ListAsync(active: null, limit: 2);
        page.Items.Select(hold => hold.Id).ShouldBe(holds.Take(2).Select(hold => hold.Id));
        (await Store.Holds.ListAsync(active: null, limit: 1, page.Next)).Items.ShouldHaveSingleItem().Id.ShouldBe(holds[2].Id);
        (await Store.Holds.ListAsync(active: true, limit: 2)).Items.Select(hold => hold.Id).ShouldBe([holds[0].Id, holds[2].Id]);
        (await Store.Holds.ListAsync(active: false, limit: 1)).Items.ShouldHaveSingleItem().Id.ShouldBe(holds[1].Id);
        foreach (var hold in holds)
            await Store.Holds.ReleaseAsync(hold.Id, "ann", "over");
    }

    [Test]
    public async Task A_replay_of_which_the_row_knows_nothing_raises_a_held_mail()
    {
        var hold = await MakeAsync();
        var record = await HeldAsync(hold);
        (await Store.Mails.HoldAsync(record.Next(epoch: 1), hold.Id, Bytes, Worker)).ShouldBeOfType<ClaimResult.Held>();
        var mail = await Store.MailAsync(record.Identity.MailId);
        (mail.Epoch, mail.State, mail.HoldId).ShouldBe((1, MailState.Held, hold.Id));
        (await Store.Schedules.CancelAsync(record.Identity.MailId, "ann", accepted: true)).ShouldBe(CancelResult.Canceled);
        await Store.Holds.ReleaseAsync(hold.Id, "ann", "over");
    }

    [Test]
    public async Task Retention_removes_no_mail_that_a_hold_has()
    {
        var hold = await MakeAsync();
        var record = await HeldAsync(hold);
        await Store.ExecuteAsync("UPDATE email.mails SET created_at = now() - interval '900 days', record_timestamp = now() - interval '900 days' WHERE id = $1", record.Identity.MailId);
        (await new RetentionStore(Store.DataSource).RemoveAsync(OldRows.Mails, DateTimeOffset.UtcNow.AddDays(-1), 100))!.Rows.ShouldBe(0);
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Held);
        await Store.Schedules.CancelAsync(record.Identity.MailId, "ann", accepted: true);
        await Store.Holds.ReleaseAsync(hold.Id, "ann", "over");
    }

    private Task<Hold> MakeAsync(HoldMode mode = HoldMode.Wait, DateTimeOffset? until = null) =>
        Store.Holds.CreateAsync(new NewHold(HoldScope.All, null, mode, until, "a flood"), "ann");

    private async Task ReleaseAsync(Hold hold)
    {
        (await Store.Holds.ReleaseAsync(hold.Id, "ann", "over"))!.IsActive.ShouldBeFalse();
        await SweepAsync();
    }

    private async Task SweepAsync()
    {
        foreach (var hold in await Store.Holds.ListToSweepAsync())
            await Store.Holds.SweepAsync(hold, 100);
    }

    private async Task<MailRecord> HeldAsync(Hold hold, int attempt = 1)
    {
        var record = Make.Record(attempt: attempt);
        (await Store.Mails.HoldAsync(record, hold.Id, Bytes, Worker)).ShouldBe(new ClaimResult.Held(hold.Id));
        return record;
    }

    /// <summary>A mail whose row is there, and waits for its record.</summary>
    private async Task<MailRecord> QueuedAsync(long known)
    {
        var record = Make.Record();
        var claim = (await Store.Mails.ClaimAsync(record, Worker, holds: known)).ShouldBeOfType<ClaimResult.Claimed>();
        (await Store.Mails.LeaveAsync(record, claim.FencingToken, [])).ShouldBeTrue();
        return record;
    }

    private Task<long> CountAsync() => Store.ScalarAsync<long>("SELECT count(*) FROM email.mails WHERE state = 'sending'");

    private Task<bool> StoredAsync(MailRecord record) =>
        Store.ScalarAsync<bool>("SELECT stored_value IS NOT NULL OR stored_key IS NOT NULL OR stored_headers IS NOT NULL FROM email.mails WHERE id = $1", record.Identity.MailId);

    private Task<bool> IsLockedAsync(string mode, bool granted) =>
        Store.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'email.holds'::regclass AND mode = $1 AND granted = $2)", mode, granted);
}
