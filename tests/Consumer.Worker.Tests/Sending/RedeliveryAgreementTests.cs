using Consumer.Worker.Tests.Hosting;
using Contracts;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Sending;

/// <summary>
/// The claim filter writes what comes next before MassTransit's redelivery decides what does: both follow <c>Retry:RedeliveryIntervals</c>,
/// and must never differ.
/// </summary>
internal sealed class RedeliveryAgreementTests
{
    private const string Refused = "fail-451@example.com";

    // So long that no copy comes back while the test looks.
    private static readonly string[] Intervals = ["1h", "2h", "3h"];

    private RunningWorker _worker = null!;

    [OneTimeSetUp]
    public async Task StartWorker() => _worker = await RunningWorker.StartAsync($"--Retry:RedeliveryIntervals={string.Join(',', Intervals)}", "--Retry:InProcessTries=0");

    [OneTimeTearDown]
    public async Task StopWorker() => await _worker.DisposeAsync();

    [Test]
    public async Task What_is_written_as_the_outbox_entry_is_what_the_redelivery_does([Range(1, 5)] int attempt)
    {
        // The last attempt has no interval left; the one after it never comes about, and must still agree.
        var mail = new SendEmail { From = "ann@example.com", To = [Refused], Subject = "subject", Text = "text" };
        var id = await _worker.PostAsync(mail, (HeaderNames.RedeliveryCount, $"{attempt - 1}"));

        var row = (await Eventually.Value(() => _worker.Mails.FindAsync(id), view => view?.Mail.PublishedAt is not null, null, "what comes next is published"))!.Mail;

        if (attempt <= Intervals.Length)
        {
            (row.OutboxEntry, row.OutboxAttempt).ShouldBe((OutboxKind.Redelivery, attempt + 1));
            var copies = Copies(id, $"{_worker.Topics.Mails}.delay.{Intervals[attempt - 1]}");
            copies.ShouldHaveSingleItem().Header(HeaderNames.RedeliveryCount).ShouldBe($"{attempt}");
            Copies(id, _worker.Topics.DeadLetters).ShouldBeEmpty();
        }
        else
        {
            row.OutboxEntry.ShouldBe(OutboxKind.DeadLetter);
            Copies(id, _worker.Topics.DeadLetters).ShouldHaveSingleItem();
            foreach (var interval in Intervals)
                Copies(id, $"{_worker.Topics.Mails}.delay.{interval}").ShouldBeEmpty();
        }
    }

    private List<RawRecord> Copies(Guid id, string topic) =>
        [.. _worker.Kafka.Records.ReadAll(topic).Where(record => record.Header(HeaderNames.MessageId) == $"{id:D}")];
}
