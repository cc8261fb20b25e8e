using NUnit.Framework;
using Persistence.Ledger;
using Persistence.Mails;
using Persistence.Operations;
using Persistence.Retention;
using Shouldly;

namespace Persistence.Tests.Retention;

public sealed class RetentionTests
{
    private static readonly DateTimeOffset Horizon = DateTimeOffset.UtcNow - TimeSpan.FromDays(30);

    private Store _store = null!;
    private RetentionStore _retention = null!;
    private Guid _worker;

    [SetUp]
    public async Task OpenAsync()
    {
        _store = await Store.OpenMigratedAsync();
        _retention = new RetentionStore(_store.DataSource);
        _worker = await _store.StartWorkerAsync();
    }

    [TearDown]
    public async Task CloseAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
    }

    [Test]
    public async Task Mails_that_ended_long_ago_go_with_their_recipients_and_all_others_stay()
    {
        var old = await SentAsync(ended: "31 days");
        var young = await SentAsync(ended: "29 days");
        var justAtTheHorizon = await SentAsync(ended: "30 days");
        var waiting = Make.Record();
        await _store.ClaimAsync(waiting, _worker);
        await AgeAsync(waiting.Identity.MailId, "400 days");
        var dead = Make.Record();
        await _store.DieAsync(dead, _worker);
        await AgeAsync(dead.Identity.MailId, "400 days");

        (await RemoveAsync(OldRows.Mails, Horizon, 100)).ShouldBe(1);

        (await MailsAsync()).ShouldBe([young, justAtTheHorizon, waiting.Identity.MailId, dead.Identity.MailId], ignoreOrder: true);
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.mail_recipients WHERE mail_id = $1", old)).ShouldBe(0);
        (await RemoveAsync(OldRows.Mails, Horizon, 100)).ShouldBe(0);
    }

    [Test]
    public async Task A_record_whose_mail_was_removed_is_known_as_that_and_no_other_is()
    {
        var old = await SentAsync(ended: "40 days");
        var (partition, offset) = (1, 7L);
        (await RemoveAsync(OldRows.Mails, Horizon, 10)).ShouldBe(1);
        var records = new RemovedRecords(_store.DataSource, TimeProvider.System);
        var newest = new DateTimeOffset(await _store.ScalarAsync<DateTime>("SELECT newest FROM email.retention_offsets WHERE topic = 'email.send'"));

        (await records.ContainsAsync("email.send", partition, offset, newest, old)).ShouldBeTrue();
        (await records.ContainsAsync("email.send", partition, offset + 1, newest, old)).ShouldBeFalse("it lies after all that were removed");
        (await records.ContainsAsync("email.send", partition, offset, newest.AddSeconds(1), old)).ShouldBeFalse("the topic was created again");
        (await records.ContainsAsync("email.send", partition + 1, offset, newest, old)).ShouldBeFalse("of that partition none was removed");
        var here = Make.Record();
        await _store.ClaimAsync(here, _worker);
        (await records.ContainsAsync("email.send", partition, offset, newest, here.Identity.MailId)).ShouldBeFalse("its mail has a row");
    }

    [Test]
    public async Task A_dead_letter_whose_failure_was_removed_opens_nothing_when_it_is_read_again()
    {
        var letter = Make.DeadLetter(null, originalOffset: 77_000_000);
        var projection = await _store.Failures.ProjectAsync(letter);
        await _store.Failures.DiscardAsync(projection.FailureId, "ann", "spam");
        await _store.ExecuteAsync("UPDATE email.failures SET failed_at = now() - interval '60 days', updated_at = now() - interval '50 days', original_timestamp = now() - interval '60 days' WHERE id = $1", projection.FailureId);
        (await RemoveAsync(OldRows.Failures, Horizon, 10)).ShouldBe(1);

        (await _store.Failures.ProjectAsync(letter)).Kind.ShouldBe(Persistence.Failures.ProjectionKind.Removed);
        (await _store.Failures.FindAsync(projection.FailureId)).ShouldBeNull();
        (await _store.Failures.ProjectAsync(letter with { Offset = letter.Offset + 1 })).IsNew.ShouldBeTrue();
    }

    [Test]
    public async Task Workers_that_ended_long_ago_go_but_for_one_whose_mail_is_still_in_sending()
    {
        await _store.ExecuteAsync("""
            INSERT INTO email.workers (id, name, started_at, heartbeat_at, lease_until)
            SELECT gen_random_uuid(), 'ended:' || n, now() - interval '9 days', now() - interval '8 days', now() - interval '8 days' FROM generate_series(1, 50) AS n
            """);
        var busy = await _store.StartWorkerAsync("busy:1");
        await _store.ClaimAsync(Make.Record(), busy);
        await _store.ExecuteAsync("UPDATE email.workers SET lease_until = now() - interval '8 days' WHERE id = $1", busy);

        (await _retention.RemoveWorkersAsync(TimeSpan.FromDays(7), 30)).ShouldBe(30);
        (await _retention.RemoveWorkersAsync(TimeSpan.FromDays(7), 30)).ShouldBe(20);
        (await _store.ScalarAsync<Guid[]>("SELECT array_agg(id) FROM email.workers")).ShouldBe([busy, _worker], ignoreOrder: true);
    }

    [Test]
    public async Task A_canceled_mail_stays_while_its_scheduled_copy_is_under_way()
    {
        var canceled = await SentAsync(ended: "40 days");
        await _store.ExecuteAsync("UPDATE email.mails SET state = 'canceled', scheduled_at = now() + interval '1 day' WHERE id = $1", canceled);
        (await RemoveAsync(OldRows.Mails, Horizon, 10)).ShouldBe(0);
        await _store.ExecuteAsync("UPDATE email.mails SET scheduled_at = now() - interval '35 days' WHERE id = $1", canceled);
        (await RemoveAsync(OldRows.Mails, Horizon, 10)).ShouldBe(1);
    }

    [Test]
    public async Task A_batch_has_no_more_rows_than_it_may_and_takes_the_oldest()
    {
        var oldest = await SentAsync(ended: "50 days");
        var older = await SentAsync(ended: "45 days");
        await SentAsync(ended: "40 days");

        (await RemoveAsync(OldRows.Mails, Horizon, 2)).ShouldBe(2);
        (await MailsAsync()).ShouldNotContain(id => id == oldest || id == older);
        (await RemoveAsync(OldRows.Mails, Horizon, 2)).ShouldBe(1);
        (await _store.ScalarAsync<long>("SELECT removed FROM email.retention_horizons WHERE table_name = 'mails'")).ShouldBe(3);
    }

    [Test]
    public async Task A_sweep_continues_after_its_last_batch_and_the_next_one_begins_again()
    {
        var stays = await SentAsync(ended: "60 days");
        await _store.ExecuteAsync("UPDATE email.mails SET record_timestamp = now() WHERE id = $1", stays);
        await SentAsync(ended: "50 days");
        await SentAsync(ended: "40 days");

        var first = (await _retention.RemoveAsync(OldRows.Mails, Horizon, 1))!;
        first.Rows.ShouldBe(1);
        first.Next.ShouldBe(DateTimeOffset.UtcNow - TimeSpan.FromDays(50), TimeSpan.FromHours(1));
        await _store.ExecuteAsync("UPDATE email.mails SET record_timestamp = created_at WHERE id = $1", stays);

        var second = (await _retention.RemoveAsync(OldRows.Mails, Horizon, 100, first.Next))!;
        second.Rows.ShouldBe(1, "what lies before was looked at");
        (await MailsAsync()).ShouldBe([stays]);
        (await RemoveAsync(OldRows.Mails, Horizon, 100)).ShouldBe(1);
    }

    [Test]
    public async Task A_mail_whose_record_says_it_is_younger_than_the_horizon_stays_for_the_ledger_knows_its_age_by_that()
    {
        var odd = await SentAsync(ended: "400 days");
        await _store.ExecuteAsync("UPDATE email.mails SET record_timestamp = now() + interval '1 year' WHERE id = $1", odd);

        (await RemoveAsync(OldRows.Mails, Horizon, 100)).ShouldBe(0);
    }

    [Test]
    public async Task A_sent_mail_with_a_failure_that_waits_stays()
    {
        var mail = await SentAsync(ended: "400 days");
        await _store.ExecuteAsync(
            "INSERT INTO email.failures (id, dlt_topic, dlt_partition, dlt_offset, dlt_timestamp, mail_id, epoch, exception_type, message, fingerprint, attempts, status, failed_at) "
            + "VALUES (gen_random_uuid(), 't', 0, 0, now(), $1, 5, 'e', 'm', 'f', 1, 'unresolved', now())", mail);

        (await RemoveAsync(OldRows.Mails, Horizon, 100)).ShouldBe(0);
    }

    [Test]
    public async Task Failures_that_came_to_an_end_go_and_those_that_wait_stay()
    {
        var discarded = await FailedAsync();
        await _store.Failures.DiscardAsync(discarded.Failure, "ann", "a typing error");
        var waiting = await FailedAsync();
        var replayed = await FailedAsync();
        await _store.Failures.RequestReplayAsync(replayed.Failure, "ann", null);
        await _store.Failures.MarkReplayedAsync(replayed.Failure);
        await AgeFailuresAsync();

        (await RemoveAsync(OldRows.Failures, Horizon, 100)).ShouldBe(1);

        (await FailuresAsync()).ShouldBe([waiting.Failure, replayed.Failure], ignoreOrder: true);
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.failure_actions WHERE failure_id = $1", discarded.Failure)).ShouldBe(0);
        (await _store.MailAsync(discarded.Mail)).State.ShouldBe(MailState.Discarded);
    }

    [Test]
    public async Task A_failure_that_was_replayed_goes_once_its_mail_has_ended()
    {
        var replayed = await FailedAsync();
        await _store.Failures.RequestReplayAsync(replayed.Failure, "ann", null);
        await _store.Failures.MarkReplayedAsync(replayed.Failure);
        await AgeFailuresAsync();
        (await RemoveAsync(OldRows.Failures, Horizon, 100)).ShouldBe(0, "its mail is queued");

        await _store.ExecuteAsync("UPDATE email.mails SET state = 'canceled', ended_at = now() WHERE id = $1", replayed.Mail);
        (await RemoveAsync(OldRows.Failures, Horizon, 100)).ShouldBe(1);
    }

    [Test]
    public async Task A_failure_whose_replay_failed_again_goes_with_the_last_round()
    {
        var first = await FailedAsync();
        await _store.Failures.RequestReplayAsync(first.Failure, "ann", null);
        await _store.Failures.MarkReplayedAsync(first.Failure);
        await _store.ExecuteAsync("UPDATE email.mails SET state = 'dead', ended_at = now() WHERE id = $1", first.Mail);
        var second = await _store.Failures.ProjectAsync(Make.DeadLetter(first.Mail, epoch: 1));
        await AgeFailuresAsync();
        (await RemoveAsync(OldRows.Failures, Horizon, 100)).ShouldBe(0, "its second round waits for a decision");

        (await _store.Failures.DiscardAsync(second.FailureId, "ann", "no such person")).ShouldBeNull();
        await AgeFailuresAsync();
        (await RemoveAsync(OldRows.Failures, Horizon, 100)).ShouldBe(2);
    }

    [Test]
    public async Task Unresolved_failures_are_removed_only_where_that_is_asked_for_and_their_dead_mails_with_them()
    {
        var old = await FailedAsync();
        var pending = await FailedAsync();
        await _store.Failures.RequestReplayAsync(pending.Failure, "ann", null);
        await AgeFailuresAsync();
        var young = await FailedAsync();

        (await RemoveAsync(OldRows.Failures, Horizon, 100)).ShouldBe(0);
        (await RemoveAsync(OldRows.UnresolvedFailures, Horizon, 100)).ShouldBe(1);

        (await FailuresAsync()).ShouldBe([pending.Failure, young.Failure], ignoreOrder: true);
        (await MailsAsync()).ShouldBe([pending.Mail, young.Mail], ignoreOrder: true);
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.mail_recipients")).ShouldBe(2, "one of each mail that stays");
    }

    [Test]
    public async Task The_horizon_is_remembered_and_never_moves_back()
    {
        var ledger = new LedgerStore(_store.DataSource);
        (await ledger.HorizonAsync()).ShouldBeNull();
        await SentAsync(ended: "60 days");
        await SentAsync(ended: "300 days");

        await _retention.RemoveAsync(OldRows.Mails, Horizon, 100);
        (await ledger.HorizonAsync())!.Value.ShouldBe(Horizon, TimeSpan.FromMilliseconds(1));
        await SentAsync(ended: "300 days");
        (await RemoveAsync(OldRows.Mails, Horizon - TimeSpan.FromDays(100), 100)).ShouldBe(1);
        (await ledger.HorizonAsync())!.Value.ShouldBe(Horizon, TimeSpan.FromMilliseconds(1));
    }

    [Test]
    public async Task One_process_sweeps_at_a_time_and_a_row_that_is_held_is_left_for_later()
    {
        var held = await SentAsync(ended: "60 days");
        await SentAsync(ended: "50 days");
        await using (var connection = await _store.DataSource.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await using (var hold = new Npgsql.NpgsqlCommand($"SELECT FROM email.mails WHERE id = '{held}' FOR UPDATE", connection, transaction))
                await hold.ExecuteNonQueryAsync();
            (await RemoveAsync(OldRows.Mails, Horizon, 100)).ShouldBe(1);

            await using (var sweep = new Npgsql.NpgsqlCommand("SELECT pg_advisory_xact_lock(x'72657461696e'::bigint)", connection, transaction))
                await sweep.ExecuteNonQueryAsync();
            (await _retention.RemoveAsync(OldRows.Mails, Horizon, 100)).ShouldBeNull();
        }

        (await RemoveAsync(OldRows.Mails, Horizon, 100)).ShouldBe(1);
    }

    [Test]
    public async Task The_sweep_uses_its_index()
    {
        await _store.ExecuteAsync("""
            INSERT INTO email.mails (id, epoch, attempt, state, fencing_token, unknown_outcomes, created_at, ended_at, updated_at)
            SELECT gen_random_uuid(), 0, 1, 'sent', 1, 0, now() - n * interval '1 minute', now() - n * interval '1 minute', now() FROM generate_series(1, 20000) AS n
            """);
        await _store.ExecuteAsync("ANALYZE email.mails");
        var plan = await _store.ScalarAsync<string>(
            "EXPLAIN (FORMAT JSON) " + RetentionSql.Mails.Replace("@before", "now() - interval '13 days'", StringComparison.Ordinal).Replace("@from", "'-infinity'", StringComparison.Ordinal).Replace("@limit", "100", StringComparison.Ordinal));
        plan.ShouldContain("ix_mails_created");
    }

    [Test]
    public async Task Of_an_operation_that_ended_long_ago_its_numbers_stay_and_what_it_refused()
    {
        var (old, young, paused) = (await DiscardAsync("31 days"), await DiscardAsync("29 days"), await BeginDiscardAsync());
        await _store.Operations.PauseAsync(paused.Id, "ann");
        await _store.ExecuteAsync("UPDATE email.operations SET created_at = now() - interval '60 days'");
        var before = (Operation: await _store.Operations.FindAsync(old), Progress: await ProgressAsync(old));

        (await _retention.RemoveOperationItemsAsync(Horizon, 1)).ShouldBe(1, "one of the two that were discarded");
        (await _retention.RemoveOperationItemsAsync(Horizon, 100)).ShouldBe(1);
        (await _retention.RemoveOperationItemsAsync(Horizon, 100)).ShouldBe(0);

        (await _store.Operations.FindAsync(old)).ShouldBe(before.Operation);
        var refusals = (await ProgressAsync(old)).Refusals;
        refusals.ShouldBe(before.Progress.Refusals);
        refusals.Values.Sum().ShouldBe(1);
        (await ItemsAsync(old), await ItemsAsync(young), await ItemsAsync(paused.Id)).ShouldBe((1, 3, 3));
    }

    private async Task<int> RemoveAsync(OldRows what, DateTimeOffset horizon, int limit) => (await _retention.RemoveAsync(what, horizon, limit))!.Rows;

    private async Task<Operation> BeginDiscardAsync() => await _store.Operations.BeginAsync(
        new NewOperation(OperationAction.Discard, "ann") { Ids = [(await FailedAsync()).Failure, (await FailedAsync()).Failure, Guid.NewGuid()], Reason = "spam" });

    private async Task<Guid> DiscardAsync(string ended)
    {
        var operation = await BeginDiscardAsync();
        var lease = Guid.NewGuid();
        await _store.Operations.ClaimAsync(lease, TimeSpan.FromSeconds(30), 100);
        (await _store.Operations.RunBatchAsync(operation.Id, lease, TimeSpan.FromSeconds(30), 10))!.State.ShouldBe(OperationState.Completed);
        await _store.ExecuteAsync("UPDATE email.operations SET ended_at = now() - $2::interval WHERE id = $1", operation.Id, ended);
        return operation.Id;
    }

    private async Task<OperationProgress> ProgressAsync(Guid operation) => await _store.Operations.FindProgressAsync((await _store.Operations.FindAsync(operation))!);

    private Task<long> ItemsAsync(Guid operation) => _store.ScalarAsync<long>("SELECT count(*) FROM email.operation_items WHERE operation_id = $1", operation);

    private async Task<Guid> SentAsync(string ended)
    {
        var record = Make.Record();
        var claim = await _store.ClaimAsync(record, _worker);
        await _store.Mails.RecordSentAsync(record, claim.FencingToken, [new RecipientReply("b@example.com", RecipientOutcome.Accepted, 250)]);
        await AgeAsync(record.Identity.MailId, ended);
        return record.Identity.MailId;
    }

    private Task AgeAsync(Guid mail, string age) => _store.ExecuteAsync(
        "UPDATE email.mails SET created_at = now() - $2::interval, ended_at = CASE WHEN ended_at IS NOT NULL THEN now() - $2::interval END, record_timestamp = now() - $2::interval WHERE id = $1", mail, age);

    private async Task<(Guid Mail, Guid Failure)> FailedAsync()
    {
        var record = Make.Record();
        await _store.DieAsync(record, _worker);
        return (record.Identity.MailId, (await _store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId))).FailureId);
    }

    private async Task AgeFailuresAsync()
    {
        await _store.ExecuteAsync("UPDATE email.failures SET failed_at = now() - interval '31 days', updated_at = now() - interval '31 days', original_timestamp = now() - interval '31 days'");
        await _store.ExecuteAsync("UPDATE email.mails SET record_timestamp = now() - interval '31 days'");
    }

    private Task<Guid[]> MailsAsync() => _store.ScalarAsync<Guid[]>("SELECT ARRAY(SELECT id FROM email.mails)");

    private Task<Guid[]> FailuresAsync() => _store.ScalarAsync<Guid[]>("SELECT ARRAY(SELECT id FROM email.failures)");
}
