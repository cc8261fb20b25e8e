using NUnit.Framework;
using Persistence.Alerts;
using Persistence.Failures;
using Persistence.Mails;
using Shouldly;

namespace Persistence.Tests.Alerts;

/// <summary>A database for each test: an episode and a channel are those of all failures in it.</summary>
public sealed class AlertStoreTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly AlertChannel Slack = new("slack", TimeSpan.Zero, 3, Repeats: false);
    private static readonly AlertChannel Email = Slack with { Name = "email" };

    private Store _store = null!;

    [SetUp]
    public async Task SetUp() => _store = await Store.OpenMigratedAsync();

    [TearDown]
    public ValueTask TearDown() => _store.DisposeAsync();

    [Test]
    public async Task A_failure_is_told_of_once_with_its_cause_and_how_many_wait()
    {
        var first = await FailAsync("550 5.1.1 no such user 1");
        await FailAsync("550 5.1.1 no such user 2");
        var digest = (await NextAsync(Slack)).ShouldNotBeNull().Digest;

        var cause = digest.Causes.ShouldHaveSingleItem();
        (cause.Title, cause.IsNew, cause.Failures, cause.FailuresInAll, cause.Open, cause.FailureId, cause.Over)
            .ShouldBe(("550 5.1.1 no such user …", true, 2, 2, 2, first, null));
        (digest.Failures, digest.OtherCauses, digest.OtherFailures, digest.OtherOver).ShouldBe((2, 0, 0, 0));
        (await NextAsync(Slack)).ShouldBeNull("nothing is new");
    }

    [Test]
    public async Task A_digest_says_what_came_since_the_one_before()
    {
        await FailAsync("550 no");
        await NextAsync(Slack);
        await FailAsync("550 no");
        await FailAsync("550 no");
        var cause = (await NextAsync(Slack)).ShouldNotBeNull().Digest.Causes.ShouldHaveSingleItem();
        (cause.Failures, cause.FailuresInAll, cause.Open, cause.IsNew).ShouldBe((2, 3, 3, true));
    }

    [Test]
    public async Task A_cause_is_known_where_a_failure_of_it_was_stored_before_its_episode()
    {
        var first = await FailAsync("550 no");
        await NextAsync(Slack);
        await _store.Failures.DiscardAsync(first, "ann", "gone");
        (await NextAsync(Slack)).ShouldNotBeNull().Digest.Causes.ShouldHaveSingleItem().Over.ShouldBe(EpisodeEnd.Closed);

        await FailAsync("550 no");
        await FailAsync("451 later");
        var causes = (await NextAsync(Slack)).ShouldNotBeNull().Digest.Causes;
        causes.Select(cause => (cause.Title, cause.IsNew, cause.FailuresInAll)).ShouldBe([("550 no", false, 1), ("451 later", true, 1)], ignoreOrder: true);
    }

    [Test]
    public async Task Failures_that_an_older_version_stored_make_a_cause_known_and_are_not_told_of()
    {
        await FailAsync("550 no");
        await _store.ExecuteAsync("DELETE FROM email.alert_outbox");
        (await NextAsync(Slack)).ShouldBeNull();
        await FailAsync("550 no");
        (await NextAsync(Slack)).ShouldNotBeNull().Digest.Causes.ShouldHaveSingleItem().IsNew.ShouldBeFalse();
    }

    [Test]
    public async Task An_episode_is_over_once_no_failure_of_it_waits_and_that_is_told_once()
    {
        var (one, two) = (await FailAsync("550 no"), await FailAsync("550 no"));
        await NextAsync(Slack);
        await _store.Failures.DiscardAsync(one, "ann", "gone");
        (await NextAsync(Slack)).ShouldBeNull("one still waits");
        await _store.Failures.DiscardAsync(two, "ann", "gone");

        var cause = (await NextAsync(Slack)).ShouldNotBeNull().Digest.Causes.ShouldHaveSingleItem();
        (cause.Over, cause.Failures, cause.FailuresInAll, cause.Open).ShouldBe((EpisodeEnd.Closed, 0, 2, 0));
        cause.OverAt.ShouldNotBeNull();
        (await NextAsync(Slack)).ShouldBeNull();
    }

    [Test]
    public async Task An_episode_whose_replays_are_under_way_is_not_over()
    {
        var failure = await FailAsync("550 no");
        await NextAsync(Slack);
        (await _store.Failures.RequestReplayAsync(failure, "ann", null)).ShouldBeOfType<ReplayResult.Accepted>();
        await _store.Failures.MarkReplayedAsync(failure);
        (await NextAsync(Slack)).ShouldBeNull();
    }

    [Test]
    public async Task An_episode_is_over_once_no_new_failure_came_for_a_while_and_the_next_failure_begins_another()
    {
        await FailAsync("550 no");
        await NextAsync(Slack);
        await _store.ExecuteAsync("UPDATE email.alert_episodes SET latest_at = now() - interval '2 hours'");
        var over = (await NextAsync(Slack)).ShouldNotBeNull().Digest.Causes.ShouldHaveSingleItem();
        (over.Over, over.Open).ShouldBe((EpisodeEnd.Quiet, 1));

        await FailAsync("550 no");
        var next = (await NextAsync(Slack)).ShouldNotBeNull().Digest.Causes.ShouldHaveSingleItem();
        (next.Over, next.FailuresInAll, next.Open, next.IsNew).ShouldBe((null, 1, 2, false));
        next.EpisodeId.ShouldNotBe(over.EpisodeId);
    }

    [Test]
    public async Task An_episode_that_was_over_before_it_could_be_told_is_told_all_the_same()
    {
        await PlanAsync(Slack);
        var failure = await FailAsync("550 no");
        await PlanAsync();
        await _store.Failures.DiscardAsync(failure, "ann", "gone");
        await PlanAsync();
        var cause = (await NextAsync(Slack)).ShouldNotBeNull().Digest.Causes.ShouldHaveSingleItem();
        (cause.Failures, cause.Over).ShouldBe((1, EpisodeEnd.Closed));
    }

    [Test]
    public async Task A_flood_is_one_digest_that_names_the_largest_causes_and_counts_the_others()
    {
        await FloodAsync(12_345, "n % 10");
        await FloodAsync(5, "100 + n");
        var digest = (await NextAsync(Slack)).ShouldNotBeNull().Digest;
        digest.Failures.ShouldBe(12_350);
        digest.Causes.Select(cause => cause.Failures).ShouldBe([1235, 1235, 1235]);
        (digest.OtherCauses, digest.OtherFailures).ShouldBe((12, 12_350 - (3 * 1235)));
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_outbox")).ShouldBe(0);
        (await NextAsync(Slack)).ShouldBeNull();
    }

    [Test]
    public async Task What_comes_while_a_post_is_on_its_way_is_in_the_next_one()
    {
        await FailAsync("550 no");
        await PlanAsync(Slack);
        for (var i = 0; i < 5; i++)
        {
            await FailAsync("550 no");
            await PlanAsync(Slack);
        }

        var post = (await _store.Alerts.ClaimAsync("slack", Hour)).ShouldNotBeNull();
        post.Digest.Failures.ShouldBe(1);
        await _store.Alerts.MarkSentAsync(post.Id);
        (await NextAsync(Slack)).ShouldNotBeNull().Digest.Failures.ShouldBe(5);
    }

    [Test]
    public async Task The_interval_between_two_posts_is_kept()
    {
        var hourly = Slack with { Interval = Hour };
        await FailAsync("550 no");
        (await NextAsync(hourly)).ShouldNotBeNull();
        await FailAsync("550 no");
        (await NextAsync(hourly)).ShouldBeNull();
        await _store.ExecuteAsync("UPDATE email.alert_channels SET posted_at = now() - interval '61 minutes'");
        (await NextAsync(hourly)).ShouldNotBeNull().Digest.Failures.ShouldBe(1);
    }

    [Test]
    public async Task Each_channel_is_told_whatever_becomes_of_the_others()
    {
        await FailAsync("550 no");
        await PlanAsync(Slack, Email);
        var stuck = (await _store.Alerts.ClaimAsync("slack", Hour)).ShouldNotBeNull();
        (await NextAsync(Email)).ShouldNotBeNull().Id.ShouldNotBe(stuck.Id);
        await FailAsync("550 no");
        await PlanAsync(Slack, Email);
        (await _store.Alerts.ClaimAsync("slack", Hour)).ShouldBeNull();
        (await NextAsync(Email)).ShouldNotBeNull().Digest.Failures.ShouldBe(1);
    }

    [Test]
    public async Task A_channel_that_is_added_hears_of_what_goes_on_and_not_of_what_was_over()
    {
        var gone = await FailAsync("550 gone");
        await FailAsync("451 later");
        await NextAsync(Slack);
        await _store.Failures.DiscardAsync(gone, "ann", "gone");
        await NextAsync(Slack);

        (await NextAsync(Email)).ShouldNotBeNull().Digest.Causes.ShouldHaveSingleItem().Title.ShouldBe("451 later");
    }

    [Test]
    public async Task A_channel_that_nobody_had_for_days_begins_anew()
    {
        await PlanAsync(Slack);
        var gone = await FailAsync("550 gone");
        await PlanAsync();
        await _store.Failures.DiscardAsync(gone, "ann", "gone");
        await PlanAsync();
        await _store.ExecuteAsync("UPDATE email.alert_episodes SET over_at = now() - interval '1 hour'");
        await _store.ExecuteAsync("UPDATE email.alert_channels SET seen_at = now() - interval '2 days', since = now() - interval '3 days'");
        (await NextAsync(Slack)).ShouldBeNull();
    }

    [Test]
    public async Task A_channel_that_repeats_is_told_of_all_that_goes_on_each_time()
    {
        var repeats = Slack with { Name = "alertmanager", Repeats = true };
        var failure = await FailAsync("550 no");
        (await NextAsync(repeats)).ShouldNotBeNull().Digest.Failures.ShouldBe(1);
        var again = (await NextAsync(repeats)).ShouldNotBeNull().Digest;
        (again.Failures, again.Causes.Count, again.OtherCauses).ShouldBe((0, 1, 0));

        await _store.Failures.DiscardAsync(failure, "ann", "gone");
        (await NextAsync(repeats)).ShouldNotBeNull().Digest.Causes.ShouldHaveSingleItem().Over.ShouldBe(EpisodeEnd.Closed);
        (await NextAsync(repeats)).ShouldBeNull();
    }

    [Test]
    public async Task Many_who_plan_and_claim_at_once_tell_each_failure_and_each_end_once()
    {
        await PlanAsync(Slack);
        var told = 0L;
        var ends = 0;
        var failures = new System.Collections.Concurrent.ConcurrentBag<Guid>();
        using var stop = new CancellationTokenSource();
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await PlanAsync(Slack);
                if (await _store.Alerts.ClaimAsync("slack", Hour) is not { } post)
                    continue;
                Interlocked.Add(ref told, post.Digest.Failures);
                Interlocked.Add(ref ends, post.Digest.Causes.Count(cause => cause.Over is not null));
                await _store.Alerts.MarkSentAsync(post.Id);
            }
        })).ToList();
        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (_, _) => failures.Add(await FailAsync("550 no")));
        await Testing.Eventually.Until(() => Interlocked.Read(ref told) == 200, null, "all were told");
        foreach (var failure in failures)
            await _store.Failures.DiscardAsync(failure, "ann", "gone");
        await Testing.Eventually.Until(async () => await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_told WHERE NOT is_over") == 0, null, "the end was told");
        await Testing.Eventually.Until(async () => await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_posts WHERE sent_at IS NULL") == 0, null, "all was sent");
        await stop.CancelAsync();
        await Task.WhenAll(workers);

        told.ShouldBe(200);
        ends.ShouldBe((int)await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_episodes"));
    }

    [Test]
    public async Task One_plans_at_a_time_and_whoever_comes_meanwhile_leaves_it_to_that_one()
    {
        await FailAsync("550 no");
        await using var other = await _store.DataSource.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var take = new Npgsql.NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended('email.alerts', 0))", other, transaction))
            await take.ExecuteNonQueryAsync();
        (await PlanAsync(Slack)).ShouldBeFalse();
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_outbox")).ShouldBe(1);

        await transaction.RollbackAsync();
        (await PlanAsync(Slack)).ShouldBeTrue();
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_outbox")).ShouldBe(0);
    }

    [Test]
    public async Task A_post_whose_worker_was_killed_is_claimed_again_after_its_lease_as_the_same_post()
    {
        await FailAsync("550 no");
        await PlanAsync(Slack);
        var killed = (await _store.Alerts.ClaimAsync("slack", TimeSpan.FromSeconds(1))).ShouldNotBeNull();
        var again = await Testing.Eventually.NotNull(() => _store.Alerts.ClaimAsync("slack", Hour), null, "the lease is over");
        (again.Id, again.Tries, again.Digest.Failures).ShouldBe((killed.Id, 2, 1));

        (await _store.Alerts.MarkFailedAsync(killed, "late", TimeSpan.Zero, refused: true, Hour)).ShouldBeFalse("another try has begun");
        (await _store.Alerts.ClaimAsync("slack", Hour)).ShouldBeNull();
        await _store.Alerts.MarkSentAsync(killed.Id);
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_posts WHERE sent_at IS NOT NULL")).ShouldBe(1, "whichever try it was");
    }

    [Test]
    public async Task A_plan_that_is_not_committed_leaves_the_outbox_as_it_was()
    {
        await FailAsync("550 no");
        await _store.ExecuteAsync("""
            CREATE FUNCTION email.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'killed'; END $$;
            CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON email.alert_posts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION email.refuse();
            """);
        (await Should.ThrowAsync<Npgsql.PostgresException>(() => PlanAsync(Slack))).Message.ShouldContain("killed");
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_outbox")).ShouldBe(1);
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_episodes")).ShouldBe(0);

        await _store.ExecuteAsync("DROP TRIGGER refuse ON email.alert_posts");
        (await NextAsync(Slack)).ShouldNotBeNull().Digest.Failures.ShouldBe(1);
    }

    [Test]
    public async Task A_post_is_tried_again_until_it_is_given_up_and_what_comes_then_is_told()
    {
        await FailAsync("550 no");
        await PlanAsync(Slack);
        var post = (await _store.Alerts.ClaimAsync("slack", Hour)).ShouldNotBeNull();
        (await _store.Alerts.MarkFailedAsync(post, "500", TimeSpan.Zero, refused: false, Hour)).ShouldBeFalse();
        post = (await _store.Alerts.ClaimAsync("slack", Hour)).ShouldNotBeNull();
        (await _store.Alerts.MarkFailedAsync(post, "500", Hour, refused: false, Hour)).ShouldBeFalse();
        (await _store.Alerts.ClaimAsync("slack", Hour)).ShouldBeNull("it pauses");

        await _store.ExecuteAsync("UPDATE email.alert_posts SET next_try_at = now(), created_at = now() - interval '2 hours'");
        post = (await _store.Alerts.ClaimAsync("slack", Hour)).ShouldNotBeNull();
        (await _store.Alerts.MarkFailedAsync(post, "500", TimeSpan.Zero, refused: false, Hour)).ShouldBeTrue();
        (await _store.Alerts.ClaimAsync("slack", Hour)).ShouldBeNull();

        await FailAsync("550 no");
        (await NextAsync(Slack)).ShouldNotBeNull().Digest.Failures.ShouldBe(1);
    }

    [Test]
    public async Task A_post_that_its_channel_never_takes_is_given_up_at_once()
    {
        await FailAsync("550 no");
        await PlanAsync(Slack);
        var post = (await _store.Alerts.ClaimAsync("slack", Hour)).ShouldNotBeNull();
        (await _store.Alerts.MarkFailedAsync(post, "400", TimeSpan.Zero, refused: true, Hour)).ShouldBeTrue();
        (await _store.Alerts.ClaimAsync("slack", Hour)).ShouldBeNull();
    }

    [Test]
    public async Task A_post_to_a_channel_that_was_removed_is_given_up_after_its_time()
    {
        await FailAsync("550 no");
        await PlanAsync(Slack);
        await _store.ExecuteAsync("UPDATE email.alert_posts SET created_at = now() - interval '3 hours', next_try_at = now() - interval '2 hours'");
        await PlanAsync();
        (await _store.ScalarAsync<string>("SELECT last_error FROM email.alert_posts WHERE given_up_at IS NOT NULL")).ShouldBe("No worker has this channel.");
    }

    [Test]
    public async Task A_failure_that_is_closed_when_it_is_written_is_not_told_of()
    {
        var worker = await _store.StartWorkerAsync();
        var record = Make.Record();
        var claim = await _store.ClaimAsync(record, worker);
        await _store.Mails.RecordSentAsync(record, claim.FencingToken, [new RecipientReply("b@example.com", RecipientOutcome.Accepted, 250)]);
        var projection = await _store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId));
        (await _store.Failures.FindAsync(projection.FailureId))!.Status.ShouldBe(FailureStatus.Resolved);
        (await NextAsync(Slack)).ShouldBeNull();
    }

    [Test]
    public async Task A_failure_that_retention_removed_before_it_was_gathered_counts_for_nothing()
    {
        await FailAsync("550 no");
        await _store.ExecuteAsync("DELETE FROM email.failures");
        (await NextAsync(Slack)).ShouldBeNull();
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_outbox")).ShouldBe(0);
    }

    [Test]
    public async Task What_is_over_is_removed_after_a_week()
    {
        var failure = await FailAsync("550 no");
        await FailAsync("451 later");
        await NextAsync(Slack);
        await _store.Failures.DiscardAsync(failure, "ann", "gone");
        await NextAsync(Slack);
        await _store.ExecuteAsync("UPDATE email.alert_episodes SET over_at = over_at - interval '8 days'");
        await _store.ExecuteAsync("UPDATE email.alert_posts SET sent_at = sent_at - interval '8 days'");
        await _store.Alerts.RemoveOldAsync();
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_episodes")).ShouldBe(1);
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_told")).ShouldBe(1);
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.alert_posts")).ShouldBe(0);
    }

    private async Task<Guid> FailAsync(string message) =>
        (await _store.Failures.ProjectAsync(Make.DeadLetter(Guid.CreateVersion7()) with { Message = message })).FailureId;

    /// <summary>Many failures in one statement, of the causes that an expression over n numbers.</summary>
    private Task FloodAsync(int count, string cause) => _store.ExecuteAsync($"""
        WITH added AS (
            INSERT INTO email.failures (id, dlt_topic, dlt_partition, dlt_offset, dlt_timestamp, epoch, headers, exception_type, message, fingerprint, attempts, status, failed_at)
            SELECT gen_random_uuid(), 'flood ' || gen_random_uuid(), 0, n, now(), 0, '[]', 'X', 'cause ' || ({cause}), 'cause ' || ({cause}), 1, 'unresolved', now()
            FROM generate_series(1, {count}) AS n RETURNING id)
        INSERT INTO email.alert_outbox (failure_id) SELECT id FROM added
        """);

    private Task<bool> PlanAsync(params AlertChannel[] channels) => _store.Alerts.PlanAsync(channels, Hour, Hour);

    /// <summary>Plans, and sends what is due to a channel; null where nothing is.</summary>
    private async Task<AlertPost?> NextAsync(AlertChannel channel)
    {
        await PlanAsync(channel);
        var post = await _store.Alerts.ClaimAsync(channel.Name, Hour);
        if (post is not null)
            await _store.Alerts.MarkSentAsync(post.Id);
        return post;
    }
}
