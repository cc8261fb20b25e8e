using System.Text;
using Consumer.Worker.Smtp;
using Contracts;
using MimeKit;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

internal sealed class MailComposerTests
{
    private static readonly DateTimeOffset Accepted = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly MailboxAddress Sender = MailAddresses.Mailbox("Änn <ann@example.com>");

    private static readonly SendEmail Mail = new()
    {
        From = "Änn <ann@example.com>",
        To = ["bob@example.com"],
        Cc = ["Carl <carl@example.com>"],
        Bcc = ["secret@example.com"],
        ReplyTo = ["answers@example.com"],
        Subject = "Grüße",
        Text = "plain",
        Html = "<p>rich</p>",
        Headers = new Dictionary<string, string> { ["X-Campaign"] = "spring ☀" },
    };

    [Test]
    public void The_mail_has_what_it_was_given()
    {
        var message = Compose(Mail);

        message.From.ToString().ShouldContain("ann@example.com");
        message.From.Mailboxes.Single().Name.ShouldBe("Änn");
        message.To.Mailboxes.Single().Address.ShouldBe("bob@example.com");
        message.Cc.Mailboxes.Single().Address.ShouldBe("carl@example.com");
        message.ReplyTo.Mailboxes.Single().Address.ShouldBe("answers@example.com");
        message.Subject.ShouldBe("Grüße");
        message.TextBody!.TrimEnd().ShouldBe("plain");
        message.HtmlBody!.TrimEnd().ShouldBe("<p>rich</p>");
        message.Headers["X-Campaign"].ShouldBe("spring ☀");
        message.Date.ShouldBe(Accepted);
        message.MessageId.ShouldBe("id@example.com");
    }

    [Test]
    public void Blind_copies_stand_nowhere_in_the_mail() => Source(Mail).ShouldNotContain("secret");

    [Test]
    public void Text_comes_before_html_for_readers_that_take_the_last_they_understand()
    {
        var parts = Compose(Mail).Body.ShouldBeOfType<MultipartAlternative>();
        parts[0].ContentType.MimeType.ShouldBe("text/plain");
        parts[1].ContentType.MimeType.ShouldBe("text/html");
    }

    [Test]
    public void A_mail_with_text_alone_is_one_part() =>
        Compose(Mail with { Html = null }).Body.ShouldBeOfType<TextPart>().IsPlain.ShouldBeTrue();

    [Test]
    public void The_message_id_is_the_same_each_time_and_of_the_senders_domain()
    {
        var id = Guid.NewGuid();
        Composer().MessageId(id, Sender).ShouldBe($"{id:D}@example.com");
        Composer().MessageId(id, Sender).ShouldBe(Composer().MessageId(id, Sender));
    }

    [Test]
    public void The_message_id_takes_the_domain_that_is_set() =>
        Composer(new SmtpOptions { MessageIdDomain = "mail.example.org" }).MessageId(Guid.Empty, Sender).ShouldEndWith("@mail.example.org");

    [Test]
    public void A_domain_in_other_characters_is_written_in_ascii() =>
        Composer().MessageId(Guid.Empty, MailAddresses.Mailbox("ann@müller.example")).ShouldEndWith("@xn--mller-kva.example");

    [TestCase("\r\nBcc: victim@example.com")]
    [TestCase("\nX-Injected: 1")]
    [TestCase("\rX-Injected: 1")]
    [TestCase("a\0b")]
    public void No_text_of_a_caller_can_begin_a_header(string poison)
    {
        Should.Throw<PermanentMailException>(() => Compose(Mail with { Subject = $"s{poison}" }));
        Should.Throw<PermanentMailException>(() => Compose(Mail with { From = $"Ann{poison} <ann@example.com>" }));
        Should.Throw<PermanentMailException>(() => Compose(Mail with { To = [$"bob@example.com{poison}"] }));
        Should.Throw<PermanentMailException>(() => Compose(Mail with { Headers = One("X-A", $"v{poison}") }));
        Should.Throw<PermanentMailException>(() => Compose(Mail with { Headers = One($"X-A{poison}", "v") }));
    }

    [TestCase("Bcc")]
    [TestCase("message-id")]
    [TestCase("Content-Type")]
    [TestCase("")]
    [TestCase("X A")]
    [TestCase("X:A")]
    public void A_header_that_the_system_makes_or_that_is_none_cannot_be_added(string name) =>
        Should.Throw<PermanentMailException>(() => Compose(Mail with { Headers = One(name, "v") }));

    private static Dictionary<string, string> One(string name, string value) => new() { [name] = value };

    private static MailComposer Composer(SmtpOptions? options = null) => new(Microsoft.Extensions.Options.Options.Create(options ?? new SmtpOptions()));

    private static MimeMessage Compose(SendEmail mail) => MailComposer.Compose(mail, "id@example.com", Accepted).Message;

    private static string Source(SendEmail mail)
    {
        using var stream = new MemoryStream();
        Compose(mail).WriteTo(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
