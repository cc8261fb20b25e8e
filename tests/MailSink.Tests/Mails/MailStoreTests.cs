using MailSink.Mails;

namespace MailSink.Tests.Mails;

internal sealed class MailStoreTests
{
    [Test]
    public void Keeps_the_newest_within_its_number()
    {
        var store = new MailStore(maxMessages: 3, maxBytes: 1_000_000);
        var mails = Enumerable.Range(0, 5).Select(_ => Received(10)).ToArray();
        foreach (var mail in mails)
            store.Add(mail);

        store.All().ShouldBe([mails[4], mails[3], mails[2]]);
        store.Page(1, 1).ShouldBe([mails[3]]);
        store.Find(mails[0].Id).ShouldBeNull();
        store.Find(mails[4].Id).ShouldBe(mails[4]);
        (store.Count, store.Bytes, store.Removed).ShouldBe((3, 30, 2));
    }

    [Test]
    public void Keeps_the_newest_within_its_bytes_and_at_least_one()
    {
        var store = new MailStore(maxMessages: 100, maxBytes: 100);
        store.Add(Received(60));
        store.Add(Received(60));
        (store.Count, store.Bytes).ShouldBe((1, 60));

        store.Add(Received(500));
        (store.Count, store.Bytes).ShouldBe((1, 500));
    }

    [Test]
    public void Deletes_one_or_all()
    {
        var store = new MailStore(maxMessages: 100, maxBytes: 1000);
        var (first, second) = (Received(1), Received(1));
        store.Add(first);
        store.Add(second);

        store.Delete(first.Id).ShouldBeTrue();
        store.Delete(first.Id).ShouldBeFalse();
        store.All().ShouldBe([second]);
        store.Clear();
        (store.Count, store.Bytes, store.Removed).ShouldBe((0, 0, 2));
    }

    [Test]
    public async Task What_made_room_stays_counted()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.MaxMessages = 1);
        await Mailing.SendAsync(sink, Mailing.Mail(), Mailing.Mail(), Mailing.Mail());

        (sink.Mails.Count, sink.Counters.Mails, sink.Counters.MessageIds.Distinct).ShouldBe((1, 3, 3));
    }

    [TestCase("invoice", true)]
    [TestCase("\"your invoice\"", true)]
    [TestCase("invoice paid", false)]
    [TestCase("subject:invoice to:bob", true)]
    [TestCase("to:ann", false)]
    [TestCase("from:ANN@", true)]
    [TestCase("-subject:invoice", false)]
    [TestCase("!subject:other", true)]
    [TestCase("deep", true, TestName = "A_word_of_the_text_past_the_snippet")]
    [TestCase("is:unread", true)]
    [TestCase("is:read", false)]
    [TestCase("has:attachment", false)]
    [TestCase("addressed:hidden@example.com", true)]
    [TestCase("bcc:hidden@example.com", true)]
    public void Is_searched_as_Mailpit_is(string query, bool found)
    {
        using var message = Mailing.Mail(subject: "Your invoice", text: string.Concat(Enumerable.Repeat("words ", 100)) + "deep");
        using var raw = new MemoryStream();
        message.WriteTo(raw);

        MailQuery.Parse(query).Matches(Received(raw.ToArray(), "bob@example.com", "hidden@example.com")).ShouldBe(found);
    }

    private static ReceivedMail Received(int size) => Received(new byte[size], "b@example.com");

    private static ReceivedMail Received(byte[] raw, params string[] recipients) => new(DateTimeOffset.UnixEpoch, "ann@example.com", recipients, raw)
    {
        Connection = 1,
        Client = "127.0.0.1",
        Helo = "x",
        Username = null,
        IsTls = false,
        IsChunked = false,
    };
}
