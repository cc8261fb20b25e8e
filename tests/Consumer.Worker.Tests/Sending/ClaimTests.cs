using System.Security.Cryptography;
using Consumer.Worker.Tests.Hosting;
using Contracts;
using Npgsql;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Sending;

/// <summary>What a worker does with a mail that another one has met before: on a broker, a Postgres and a mail server.</summary>
internal sealed class ClaimTests
{
    private static readonly SendEmail Mail = new() { From = "ann@example.com", To = ["bob@example.com"], Subject = "subject", Text = "text" };
    private RunningWorker _worker = null!;

    [OneTimeSetUp]
    public async Task StartWorker() => _worker = await RunningWorker.StartAsync();

    [OneTimeTearDown]
    public async Task StopWorker() => await _worker.DisposeAsync();

    [Test]
    public async Task A_redelivery_that_was_written_and_never_produced_is_produced_by_the_old_record()
    {
        var id = Guid.NewGuid();
        var claim = await ClaimAsOtherAsync(id);
        await _worker.Mails.WriteOutboxEntryAsync(Record(id), claim.FencingToken, new OutboxEntry.Redelivery(2, DateTimeOffset.UtcNow, "451 later"), []);

        await ProduceAsync(id);

        var mail = await _worker.WhenAsync(id, MailState.Sent);
        mail.Attempt.ShouldBe(2);
        Sent(id).ShouldBe(1);
    }

    [Test]
    public async Task A_dead_letter_that_was_written_and_never_produced_is_produced_by_the_old_record_and_published()
    {
        var id = Guid.NewGuid();
        var claim = await ClaimAsOtherAsync(id);
        await _worker.Mails.WriteOutboxEntryAsync(Record(id), claim.FencingToken, new OutboxEntry.DeadLetter("550 no such user"), []);

        await ProduceAsync(id);

        await Eventually.Until(async () => (await _worker.Mails.FindAsync(id))?.Mail.PublishedAt is not null, null, "the dead letter is published");
        var view = await Eventually.Value(() => _worker.Mails.FindAsync(id), view => view!.Failures.Count > 0, null, "the failure is there");
        view!.Failures.ShouldHaveSingleItem().Message.ShouldContain("550 no such user");
        view.Mail.State.ShouldBe(MailState.Dead);
        Sent(id).ShouldBe(0);
    }

    [Test]
    public async Task An_outbox_entry_that_was_published_makes_the_old_record_a_copy_that_is_dropped()
    {
        var id = Guid.NewGuid();
        var claim = await ClaimAsOtherAsync(id);
        await _worker.Mails.WriteOutboxEntryAsync(Record(id), claim.FencingToken, new OutboxEntry.DeadLetter("550"), []);
        await _worker.Mails.MarkPublishedAsync(First(id));

        await ProduceAsync(id);

        await DoneAsync();
        _worker.Kafka.Records.ReadAll(_worker.Topics.DeadLetters).ShouldNotContain(record => record.Header(HeaderNames.MessageId) == $"{id:D}");
    }

    [Test]
    public async Task A_mail_that_another_worker_holds_is_waited_for()
    {
        var id = Guid.NewGuid();
        var claim = await ClaimAsOtherAsync(id);
        await ProduceAsync(id);
        var behind = await _worker.PostAsync("other@example.com");
        await _worker.WhenAsync(behind, MailState.Sent);
        Sent(id).ShouldBe(0);

        await _worker.Mails.LeaveAsync(Record(id), claim.FencingToken, []);

        (await _worker.WhenAsync(id, MailState.Sent)).UnknownOutcomes.ShouldBe(0);
        Sent(id).ShouldBe(1);
    }

    [Test]
    public async Task A_mail_whose_worker_died_is_taken_over_as_an_unknown_outcome_with_the_same_message_id()
    {
        var id = Guid.NewGuid();
        await ClaimAsOtherAsync(id);
        await EndLeaseAsync(id);
        await ProduceAsync(id);

        var mail = await _worker.WhenAsync(id, MailState.Sent);
        mail.UnknownOutcomes.ShouldBe(1);
        _worker.Sink.Mails.All().Single(sent => sent.MessageId.StartsWith($"{id:D}", StringComparison.Ordinal)).MessageId
            .ShouldBe($"{id:D}-first@example.com", "what the first worker fixed");
    }

    [Test]
    public async Task A_claim_whose_result_was_lost_is_left_after_a_heartbeat()
    {
        var id = Guid.NewGuid();
        _worker.Claims.Lose(Record(id));
        await ClaimAsWorkerAsync(id);

        await _worker.WhenAsync(id, MailState.Queued);

        (await ClaimAsOtherAsync(id)).TakenOverFrom.ShouldBeNull("nothing of it was sent");
    }

    [Test]
    public async Task A_claim_that_a_task_holds_is_not_left()
    {
        var (inHand, other) = (Guid.NewGuid(), Guid.NewGuid());
        using (var underWay = _worker.Claims.Begin(inHand))
            underWay.Hold(1);
        _worker.Claims.Lose(Record(inHand));
        _worker.Claims.Lose(Record(other));
        await ClaimAsWorkerAsync(inHand);
        await ClaimAsWorkerAsync(other);

        await _worker.WhenAsync(other, MailState.Queued);

        (await _worker.Mails.FindAsync(inHand))!.Mail.State.ShouldBe(MailState.Sending);
        _worker.Claims.End(inHand, 1);
        await _worker.WhenAsync(inHand, MailState.Queued);
    }

    [Test]
    public async Task Two_records_of_one_mail_do_not_wait_for_each_other_though_nobody_knows_of_its_claim()
    {
        var id = Guid.NewGuid();
        await ClaimAsWorkerAsync(id);

        await ProduceAsync(id);
        await ProduceAsync(id);

        (await _worker.WhenAsync(id, MailState.Sent)).UnknownOutcomes.ShouldBe(0);
        await DoneAsync();
        Sent(id).ShouldBe(1);
    }

    [Test]
    public async Task A_record_of_a_later_epoch_opens_a_dead_mail_again()
    {
        var id = Guid.NewGuid();
        var claim = await ClaimAsOtherAsync(id);
        await _worker.Mails.WriteOutboxEntryAsync(Record(id), claim.FencingToken, new OutboxEntry.DeadLetter("550"), []);
        await _worker.Mails.MarkPublishedAsync(First(id));

        await ProduceAsync(id, (HeaderNames.Epoch, "1"));

        var mail = await _worker.WhenAsync(id, MailState.Sent);
        mail.Epoch.ShouldBe(1);
        Sent(id).ShouldBe(1);
    }

    private static RecordIdentity First(Guid id) => new(id, Epoch: 0, Attempt: 1);

    private static byte[] Value => SendEmailJson.Serialize(Mail);

    private async Task<ClaimResult.Claimed> ClaimAsOtherAsync(Guid id)
    {
        var other = await _worker.Workers.RegisterAsync("other:1", Leases.Lasting, CancellationToken.None);
        return await ClaimAsync(id, () => other);
    }

    /// <summary>Ends the lease of the worker that has claimed a mail.</summary>
    private async Task EndLeaseAsync(Guid id)
    {
        await using var postgres = NpgsqlDataSource.Create(_worker.ConnectionString);
        await using var command = postgres.CreateCommand("UPDATE email.workers SET lease_until = now() WHERE id = (SELECT worker_id FROM email.mails WHERE id = $1)");
        command.Parameters.Add(new NpgsqlParameter { Value = id });
        (await command.ExecuteNonQueryAsync()).ShouldBe(1);
    }

    /// <summary>As the worker itself, which may not have registered yet; and its lease is short, so that a busy machine may miss it once.</summary>
    private Task<ClaimResult.Claimed> ClaimAsWorkerAsync(Guid id) => ClaimAsync(id, () => _worker.WorkerId);

    private async Task<ClaimResult.Claimed> ClaimAsync(Guid id, Func<Guid> workerId)
    {
        var claim = await Eventually.Value(
            () => _worker.Mails.ClaimAsync(Record(id), workerId()), claim => claim is not ClaimResult.NoLease, null, "the worker has a lease");
        return claim.ShouldBeOfType<ClaimResult.Claimed>();
    }

    private MailRecord Record(Guid id) => new()
    {
        Identity = First(id),
        MessageIdHeader = $"{id:D}-first@example.com",
        Topic = _worker.Topics.Mails,
        Partition = 0,
        Offset = 0,
        Timestamp = DateTimeOffset.UtcNow,
        Sender = Mail.From,
        ContentHash = SHA256.HashData(Value),
        Recipients = [new Recipient("bob@example.com", RecipientKind.To)],
    };

    private async Task ProduceAsync(Guid id, params (string Name, string Value)[] headers) => await _worker.Kafka.Records.ProduceAsync(
        _worker.Topics.Mails, $"{id:D}", System.Text.Encoding.UTF8.GetString(Value), [(HeaderNames.MessageId, $"{id:D}"), .. headers]);

    private Task DoneAsync() => Eventually.Until(
        () => _worker.Kafka.Records.Lag(_worker.Topics.Group, _worker.Topics.Mails) == 0, null, "all records are done with");

    private int Sent(Guid id) => _worker.Sink.Mails.All().Count(mail => mail.MessageId.StartsWith($"{id:D}", StringComparison.Ordinal));
}
