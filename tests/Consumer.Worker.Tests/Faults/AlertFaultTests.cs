using Consumer.Worker.Tests.Alerts;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>A worker that is killed between a failure and its alert, or with the alert on its way.</summary>
internal sealed class AlertFaultTests
{
    [Test]
    public async Task Killed_while_it_posts_the_next_worker_posts_and_nothing_is_told_twice_after_that()
    {
        await using var receiver = await AlertReceiver.StartAsync();
        await using var world = await MailWorld.StartAsync(
            postgres: null, $"--Alerts:SlackWebhookUrl={receiver.Url}/hook", "--Alerts:DigestInterval=00:00:01", "--Alerts:PostTimeout=00:00:15");
        receiver.HangNext();
        var worker = world.StartWorker();
        await world.PostAsync(PostedMail.Permanent());
        await Eventually.Until(() => receiver.Failed.Count == 1, null, "the worker posts", () => Task.FromResult(world.Logs()));
        await worker.KillAsync();

        world.StartWorker();
        await Eventually.Until(() => receiver.Posts.Count == 1, MailAudit.Recovery, "the next worker posts it", () => Task.FromResult(world.Logs()));
        receiver.Posts[0].Body.ShouldBe(receiver.Failed[0].Post.Body);
        await world.PostAsync(PostedMail.Poison());
        await Eventually.Until(() => receiver.Posts.Count == 2, null, "the next failure is posted", () => Task.FromResult(world.Logs()));
        receiver.Posts[1].Body.ShouldContain("1 mail failed");
        receiver.Posts[1].Body.ShouldContain("The record cannot be read");
    }

    [Test]
    public async Task Killed_before_it_could_post_the_next_worker_posts()
    {
        await using var receiver = await AlertReceiver.StartAsync();
        await using var world = await MailWorld.StartAsync(postgres: null, $"--Alerts:SlackWebhookUrl={receiver.Url}/hook", "--Alerts:DigestInterval=00:00:01");
        // Nobody may plan: the failure is stored, and its alert stays in the outbox.
        await using var turn = await world.Store.OpenConnectionAsync();
        await using (var take = new Npgsql.NpgsqlCommand("SELECT pg_advisory_lock(hashtextextended('email.alerts', 0))", turn))
            await take.ExecuteNonQueryAsync();
        var worker = world.StartWorker();
        await world.PostAsync(PostedMail.Permanent());
        await Eventually.Until(async () => await world.CountAsync("SELECT count(*) FROM email.alert_outbox") == 1, null, "the failure is stored", () => Task.FromResult(world.Logs()));
        await worker.KillAsync();
        await using (var release = new Npgsql.NpgsqlCommand("SELECT pg_advisory_unlock_all()", turn))
            await release.ExecuteNonQueryAsync();

        receiver.Posts.ShouldBeEmpty();
        world.StartWorker();
        await Eventually.Until(() => receiver.Posts.Count == 1, null, "the next worker posts it", () => Task.FromResult(world.Logs()));
    }
}
