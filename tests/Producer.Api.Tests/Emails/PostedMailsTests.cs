using Contracts;
using Producer.Api.Emails;

namespace Producer.Api.Tests.Emails;

/// <summary>What an instance remembers of the mails that it accepted.</summary>
public class PostedMailsTests
{
    private static readonly SendEmail Full = new()
    {
        From = "Grüße 日本 <a@example.com>",
        To = ["b@example.com", "c@example.com"],
        Cc = ["d@example.com"],
        Bcc = ["e@example.com"],
        ReplyTo = ["f@example.com"],
        Subject = "",
        Text = "not remembered",
        Tags = ["order", new MailTag("campaign", "spring")],
        ScheduledAt = new DateTimeOffset(2030, 1, 31, 8, 0, 0, TimeSpan.Zero),
    };

    [Test]
    public void All_but_the_content_is_remembered()
    {
        using var mails = new PostedMails();
        var (full, least) = (Guid.NewGuid(), Guid.NewGuid());
        mails.Add(full, Full);
        mails.Add(least, new SendEmail { From = "a@example.com", Bcc = ["b@example.com"] });

        var mail = mails.Find(full).ShouldNotBeNull();
        mail.Addresses.From.ShouldBe(Full.From);
        mail.Addresses.To.ShouldBe(Full.To);
        mail.Addresses.Cc.ShouldBe(Full.Cc);
        mail.Addresses.Bcc.ShouldBe(Full.Bcc);
        mail.Addresses.ReplyTo.ShouldBe(Full.ReplyTo);
        mail.Subject.ShouldBe("");
        mail.Tags.ShouldBe(Full.Tags);
        mail.ScheduledAt.ShouldBe(Full.ScheduledAt);
        mail = mails.Find(least).ShouldNotBeNull();
        mail.Addresses.To.ShouldBeNull();
        mail.Addresses.Bcc.ShouldBe(["b@example.com"]);
        mail.Subject.ShouldBeNull();
        mail.Tags.ShouldBeEmpty();
        mail.ScheduledAt.ShouldBeNull();
        mails.Find(Guid.NewGuid()).ShouldBeNull();
    }

    [Test]
    public void The_oldest_make_room_and_none_is_taken_for_another()
    {
        using var mails = new PostedMails();
        // Of different lengths, so that entries go on at the beginning of the array wherever they can be cut; three times around.
        var ids = Enumerable.Range(0, 40_000).Select(_ => Guid.NewGuid()).ToArray();
        for (var i = 0; i < ids.Length; i++)
            mails.Add(ids[i], Mail(i));

        var known = ids.Select(mails.Find).ToArray();
        var first = Array.FindIndex(known, mail => mail is not null);
        first.ShouldBeGreaterThan(ids.Length / 2);
        for (var i = first; i < ids.Length; i++)
            known[i].ShouldNotBeNull().Subject.ShouldBe(Mail(i).Subject);
        // Subjects are most of what a mail takes.
        Enumerable.Range(first, ids.Length - first).Sum(i => Mail(i).Subject!.Length).ShouldBeInRange(PostedMails.Capacity / 2, PostedMails.Capacity);
    }

    [Test]
    public void A_mail_that_is_known_stays_as_it_is_and_one_that_is_too_large_is_left_out()
    {
        using var mails = new PostedMails();
        var (id, large) = (Guid.NewGuid(), Guid.NewGuid());
        mails.Add(id, Mail(1));
        mails.Add(id, Mail(2));
        mails.Add(large, new SendEmail { From = new string('a', PostedMails.Capacity) });

        mails.Find(id)!.Subject.ShouldBe(Mail(1).Subject);
        mails.Find(large).ShouldBeNull();
    }

    private static SendEmail Mail(int i) => new() { From = "a@example.com", To = ["b@example.com"], Subject = $"{i}" + new string('s', (i * 7919) % 601) };
}
