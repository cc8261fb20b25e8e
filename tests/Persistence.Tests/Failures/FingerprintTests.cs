using NUnit.Framework;
using Persistence.Failures;
using Shouldly;

namespace Persistence.Tests.Failures;

public sealed class FingerprintTests
{
    [TestCase("550 5.1.1 <bob@example.com>: no such user", "550 5.1.1 <ann.lee+x@mail.example.org>: no such user")]
    [TestCase("451 4.3.0 queue 4bX9z2Q1 full, 17 waiting", "451 4.3.0 queue 7cA0aa93 full, 4012 waiting")]
    [TestCase("Mail 0198c5a4-1f1e-7d3a-9a53-0d3c3f0a1b2c was not sent", "Mail 7b7c5a4e-2f1e-4d3a-8a53-1d3c3f0a1b2d was not sent")]
    [TestCase("Timed out after 10000 ms to 10.0.0.1:25", "Timed out after 10000 ms to 10.0.0.77:2525")]
    [TestCase("line 1,\n  position 2", "line 99, position 1234")]
    [TestCase("mx1.example.com hung up", "mx22.example.com hung up")]
    public void Mails_of_one_cause_share_it(string one, string other) =>
        Fingerprint.Of("X", one).ShouldBe(Fingerprint.Of("X", other), Fingerprint.Normalize(one));

    [TestCase("refused 1 recipient permanently: a@x.org: 550 5.1.1 No such user", "refused 3 recipients permanently: a@x.org: 550 5.1.1 No such user; b@y.org: 550 5.1.1 No such user; c@z.org: 550 5.1.1 No such user")]
    [TestCase("refused 2 recipients permanently: a@x.org: 550 5.1.1 No such user; b@y.org: 552 5.2.2 Full", "refused 3 recipients permanently: b@y.org: 552 5.2.2 Full; a@x.org: 550 5.1.1 No such user; c@z.org: 552 5.2.2 Full")]
    [TestCase("refused 1 recipient permanently: a@x.org: 550 5.1.1 <a@x.org>: no; really no", "refused 2 recipients permanently: a@x.org: 550 5.1.1 <a@x.org>: no; really no; b@x.org: 550 5.1.1 <b@x.org>: no; really no")]
    public void Recipients_of_one_cause_share_it_however_many_and_in_whatever_order(string one, string other) =>
        Fingerprint.Of("X", one).ShouldBe(Fingerprint.Of("X", other), Fingerprint.Normalize(one));

    [Test]
    public void A_thousand_recipients_share_it_with_one()
    {
        var replies = Enumerable.Range(0, 1_000).Select(number => $"user-{number}@example.com: 550 5.1.1 No such user here");
        Fingerprint.Of("X", $"refused 1000 recipients permanently: {string.Join("; ", replies)}")
            .ShouldBe(Fingerprint.Of("X", "refused 1 recipient permanently: bob@example.org: 550 5.1.1 No such user here"));
    }

    [TestCase("refused 1 recipient permanently: a@x.org: 550 5.1.1 No such user", "refused 1 recipient permanently: a@x.org: 552 5.2.2 Full")]
    [TestCase("refused 2 recipients permanently: a@x.org: 550 5.1.1 No; b@x.org: 552 5.2.2 Full", "refused 2 recipients permanently: a@x.org: 550 5.1.1 No; b@x.org: 550 5.1.1 No")]
    [TestCase("550 no", "451 no")]
    [TestCase("550 5.1.1 no", "550 5.7.1 no")]
    [TestCase("550-5.1.1 no", "550-5.7.1 no")]
    [TestCase("no such user", "mailbox full")]
    public void Other_causes_do_not(string one, string other) => Fingerprint.Of("X", one).ShouldNotBe(Fingerprint.Of("X", other));

    [Test]
    public void The_exceptions_type_is_part_of_it() => Fingerprint.Of("X", "m").ShouldNotBe(Fingerprint.Of("Y", "m"));

    [Test]
    public void It_stays_the_same_from_version_to_version() =>
        Fingerprint.Of("SmtpCommandException", "550 5.1.1 <bob@example.com>: no such user 1234").ShouldBe("195b6ddfe1cd9ca1");

    [Test]
    public void A_message_of_a_million_characters_costs_no_more_than_its_beginning() =>
        Fingerprint.Normalize(new string('a', 1_000_000)).Length.ShouldBe(1_000);
}
