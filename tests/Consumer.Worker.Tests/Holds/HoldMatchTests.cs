using Consumer.Worker.Holds;
using Consumer.Worker.Sending;
using Contracts;
using NUnit.Framework;
using Persistence.Holds;
using Persistence.Mails;
using Shouldly;

namespace Consumer.Worker.Tests.Holds;

/// <summary>Which mails a hold is on.</summary>
internal sealed class HoldMatchTests
{
    [TestCase(HoldScope.All, null, true)]
    [TestCase(HoldScope.Stream, "bulk", true)]
    [TestCase(HoldScope.Stream, "transactional", false)]
    [TestCase(HoldScope.Sender, "news@bücher.example", true)]
    [TestCase(HoldScope.Sender, "NEWS@xn--bcher-kva.example", true)]
    [TestCase(HoldScope.Sender, "ews@bücher.example", false)]
    [TestCase(HoldScope.Sender, "news@example", false)]
    [TestCase(HoldScope.Domain, "example.com", true)]
    [TestCase(HoldScope.Domain, "EXAMPLE.org", true)]
    [TestCase(HoldScope.Domain, "sub.example.com", false)]
    [TestCase(HoldScope.Domain, "com", false)]
    [TestCase(HoldScope.Domain, "xn--bcher-kva.example", false)]
    [TestCase(HoldScope.Tag, "order", true)]
    [TestCase(HoldScope.Tag, "campaign", true)]
    [TestCase(HoldScope.Tag, "campaign:spring", true)]
    [TestCase(HoldScope.Tag, "campaign:autumn", false)]
    [TestCase(HoldScope.Tag, "Order", false)]
    [TestCase(HoldScope.SubjectPrefix, "your", true)]
    [TestCase(HoldScope.SubjectPrefix, "Your order", true)]
    [TestCase(HoldScope.SubjectPrefix, "Your orders", false)]
    [TestCase(HoldScope.SubjectPrefix, "order", false)]
    public void A_hold_is_on_the_mails_of_its_scope(HoldScope scope, string? value, bool isOn) =>
        (HoldMatch.Of([Hold(scope, value)], Mail(), MailStream.Bulk) is not null).ShouldBe(isOn);

    [Test]
    public void A_mail_without_a_subject_has_no_prefix() =>
        HoldMatch.Of([Hold(HoldScope.SubjectPrefix, "a")], Mail() with { Mail = new SendEmail { From = "a@example.com", To = ["b@example.com"], Subject = null! } }, MailStream.Bulk).ShouldBeNull();

    [Test]
    public void Of_several_the_first_that_cancels_has_the_mail_else_the_oldest()
    {
        var (first, second) = (Hold(HoldScope.All, null), Hold(HoldScope.Tag, "order"));
        var (other, cancels) = (Hold(HoldScope.Tag, "other", HoldMode.Cancel), Hold(HoldScope.All, null, HoldMode.Cancel));
        HoldMatch.Of([first, second, other], Mail(), MailStream.Bulk).ShouldBe(first);
        HoldMatch.Of([first, second, other, cancels], Mail(), MailStream.Bulk).ShouldBe(cancels);
        HoldMatch.Of([other], Mail(), MailStream.Bulk).ShouldBeNull();
        HoldMatch.Of([], Mail(), MailStream.Bulk).ShouldBeNull();
    }

    private static Hold Hold(HoldScope scope, string? value, HoldMode mode = HoldMode.Wait) => new()
    {
        Id = Guid.NewGuid(),
        Number = 1,
        Scope = scope,
        Value = value,
        Mode = mode,
        IsActive = true,
        Reason = "r",
        CreatedAt = DateTimeOffset.UnixEpoch,
        CreatedBy = "ann",
    };

    private static IncomingMail Mail() => new(
        new SendEmail
        {
            From = "News <news@bücher.example>",
            To = ["a@example.com"],
            Cc = ["b@Example.Org"],
            Subject = "Your order",
            Tags = ["order", new MailTag("campaign", "spring")],
        },
        new MailRecord
        {
            Identity = new RecordIdentity(Guid.NewGuid(), 0, 1),
            MessageIdHeader = "1@example.com",
            Topic = "email.send",
            Partition = 0,
            Offset = 0,
            Timestamp = DateTimeOffset.UnixEpoch,
            Sender = "news@bücher.example",
            ContentHash = [],
            Recipients = [new("a@example.com", RecipientKind.To), new("b@Example.Org", RecipientKind.Cc)],
        });
}
