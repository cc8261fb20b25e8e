using Microsoft.Extensions.Time.Testing;

namespace MailSink.Tests.Smtp;

/// <summary>The sink as a relay that wants it slower.</summary>
internal sealed class MailLimitTests
{
    [Test]
    public async Task So_many_mails_are_taken_in_a_second_and_a_further_one_is_not()
    {
        var timeProvider = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var sink = SmtpSink.StartOnFreePort(options => options.MailsPerSecond = 2, timeProvider);
        (await Mailing.TryAsync(sink, "a@example.com")).ShouldBeNull();
        timeProvider.Advance(TimeSpan.FromMilliseconds(500));
        (await Mailing.TryAsync(sink, "a@example.com")).ShouldBeNull();
        (await Mailing.TryAsync(sink, "a@example.com")).ShouldBe(454);
        timeProvider.Advance(TimeSpan.FromMilliseconds(600));
        (await Mailing.TryAsync(sink, "a@example.com")).ShouldBeNull();
        (await Mailing.TryAsync(sink, "a@example.com")).ShouldBe(454, "the second one is not a second old");
        sink.Mails.Count.ShouldBe(3);
    }

    [Test]
    public async Task So_many_mails_are_under_way_at_once_and_each_end_makes_room()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.MailsAtOnce = 2);
        using var first = await RawClient.GreetedAsync(sink);
        using var second = await RawClient.GreetedAsync(sink);
        using var third = await RawClient.GreetedAsync(sink);
        await first.AddressMailAsync();
        await second.AddressMailAsync();
        (await third.SayAsync("MAIL FROM:<a@example.com>"))!.ShouldStartWith("432 4.3.2");
        (await first.SayAsync("RSET"))!.ShouldStartWith("250");
        (await third.SayAsync("MAIL FROM:<a@example.com>"))!.ShouldStartWith("250");
        (await first.SayAsync("MAIL FROM:<a@example.com>"))!.ShouldStartWith("432");
        (await second.SayAsync("QUIT"))!.ShouldStartWith("221");
        await Testing.Eventually.Until(async () => (await first.SayAsync("MAIL FROM:<a@example.com>"))!.StartsWith("250", StringComparison.Ordinal), null, "the end of a session makes room");
    }
}
