using System.Text;
using Consumer.Worker.Smtp;
using Contracts;
using MimeKit;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

internal sealed class MailContentTests
{
    private static readonly Attachment Report = new() { Filename = "Übersicht 1.pdf", ContentType = "application/pdf", Content = new byte[] { 0, 1, 2, 255 } };
    private static readonly Attachment Logo = new() { Filename = "logo.png", ContentId = "logo", Content = new byte[] { 9 } };

    private static readonly SendEmail Mail = new()
    {
        From = "ann@example.com",
        To = ["bob@example.com"],
        Subject = "s",
        Text = "plain",
        Html = "<img src=\"cid:logo\">",
        Attachments = [Report, Logo],
    };

    [Test]
    public void The_parts_stand_as_readers_expect_them()
    {
        var mixed = Sent(Mail).Body.ShouldBeOfType<Multipart>();
        mixed.ContentType.MimeType.ShouldBe("multipart/mixed");
        var alternative = mixed[0].ShouldBeOfType<MultipartAlternative>();
        alternative[0].ContentType.MimeType.ShouldBe("text/plain");
        var related = alternative[1].ShouldBeOfType<MultipartRelated>();
        related.Root.ShouldBeOfType<TextPart>().IsHtml.ShouldBeTrue();

        var logo = related[1].ShouldBeAssignableTo<MimePart>()!;
        logo.ContentId.ShouldBe("logo");
        logo.ContentDisposition!.Disposition.ShouldBe(ContentDisposition.Inline);
        logo.ContentType.MimeType.ShouldBe("image/png", "by the name's extension");
        Bytes(logo).ShouldBe([9]);

        var report = mixed[1].ShouldBeAssignableTo<MimePart>()!;
        report.FileName.ShouldBe("Übersicht 1.pdf");
        report.IsAttachment.ShouldBeTrue();
        report.ContentId.ShouldBeNull();
        Bytes(report).ShouldBe([0, 1, 2, 255]);
    }

    [Test]
    public void What_holds_one_part_alone_is_left_out()
    {
        Sent(Mail with { Attachments = [] }).Body.ShouldBeOfType<MultipartAlternative>()[1].ShouldBeOfType<TextPart>();
        Sent(Mail with { Attachments = [Logo], Text = null }).Body.ShouldBeOfType<MultipartRelated>();
        Sent(Mail with { Attachments = [Report], Text = null }).Body.ShouldBeOfType<Multipart>()[0].ShouldBeOfType<TextPart>().IsHtml.ShouldBeTrue();
    }

    [Test]
    public void Without_an_HTML_form_a_file_with_an_id_is_attached()
    {
        var mixed = Sent(Mail with { Html = null, Attachments = [Logo] }).Body.ShouldBeOfType<Multipart>();
        mixed[0].ShouldBeOfType<TextPart>().IsPlain.ShouldBeTrue();
        mixed[1].IsAttachment.ShouldBeTrue();
        mixed[1].ContentId.ShouldBe("logo");
    }

    [Test]
    public void Two_files_that_are_alike_are_both_attached() =>
        Sent(Mail with { Attachments = [Report, Report with { }] }).Attachments.Count().ShouldBe(2);

    [TestCase("letter.eml", "application/octet-stream")]
    [TestCase("no extension", "application/octet-stream")]
    [TestCase("table.CSV", "text/csv")]
    public void A_file_without_a_type_has_that_of_its_extension(string filename, string type) =>
        Sent(Mail with { Attachments = [new Attachment { Filename = filename, Content = Encoding.UTF8.GetBytes("a;b\n") }] })
            .Attachments.Single().ContentType.MimeType.ShouldBe(type);

    [Test]
    public void An_empty_file_arrives_empty() =>
        Bytes((MimePart)Sent(Mail with { Attachments = [Report with { Content = ReadOnlyMemory<byte>.Empty }] }).Attachments.Single()).ShouldBeEmpty();

    [TestCase("a@b")]
    [TestCase("part1.06090408@example.com")]
    [TestCase("!#$%&'*+/=?^_`{|}~-")]
    [TestCase("a.b.c@127-0-0-1")]
    public void Every_content_id_that_is_taken_arrives_as_it_is(string id) =>
        Sent(Mail with { Attachments = [Logo with { ContentId = id }] }).BodyParts.Last().ContentId.ShouldBe(id);

    [TestCase("../a")]
    [TestCase("a\r\nX-Injected: 1")]
    public void What_is_no_file_name_is_refused(string filename) =>
        Should.Throw<PermanentMailException>(() => Sent(Mail with { Attachments = [Report with { Filename = filename }] }));

    [TestCase("multipart/mixed")]
    [TestCase("text/plain\r\nX-Injected: 1")]
    public void What_is_no_content_type_is_refused(string type) =>
        Should.Throw<PermanentMailException>(() => Sent(Mail with { Attachments = [Report with { ContentType = type }] }));

    [TestCase("logo>\r\nX-Injected: 1")]
    [TestCase("a b")]
    public void What_is_no_content_id_is_refused(string id) =>
        Should.Throw<PermanentMailException>(() => Sent(Mail with { Attachments = [Logo with { ContentId = id }] }));

    [Test]
    public void An_invitation_stands_beside_text_and_HTML_as_the_last_form()
    {
        var alternative = Sent(Mail with { Calendar = Invitation, Attachments = [] }).Body.ShouldBeOfType<MultipartAlternative>();

        alternative.Select(part => part.ContentType.MimeType).ShouldBe(["text/plain", "text/html", "text/calendar"]);
        var calendar = alternative[2].ShouldBeOfType<TextPart>();
        calendar.ContentType.Parameters["method"].ShouldBe("REQUEST");
        calendar.ContentType.Charset.ShouldBe("utf-8");
        calendar.ContentDisposition.ShouldBeNull();
        calendar.Text.ShouldBe(Invitation.Replace("\n", "\r\n", StringComparison.Ordinal), StringCompareShould.IgnoreLineEndings);

        Sent(Mail with { Calendar = Invitation, Html = null, Attachments = [Report] }).Body.ShouldBeOfType<Multipart>()[0]
            .ShouldBeOfType<MultipartAlternative>().Select(part => part.ContentType.MimeType).ShouldBe(["text/plain", "text/calendar"]);
    }

    [Test]
    public void A_calendar_without_a_method_is_refused() =>
        Should.Throw<PermanentMailException>(() => Sent(Mail with { Calendar = "BEGIN:VCALENDAR\nEND:VCALENDAR" }));

    [Test]
    public void The_parameters_of_a_media_type_arrive()
    {
        var type = Sent(Mail with { Attachments = [Report with { Filename = "invite.ics", ContentType = "text/calendar; method=REQUEST; charset=\"utf-8\"; x=\"a \\\"b\\\"; c\"" }] }).Attachments.Single().ContentType;

        type.MimeType.ShouldBe("text/calendar");
        (type.Parameters["method"], type.Parameters["charset"], type.Parameters["x"], type.Name).ShouldBe(("REQUEST", "utf-8", "a \"b\"; c", "invite.ics"));
    }

    [Test]
    public void A_forwarded_mail_is_a_mail_within_the_mail()
    {
        var content = "Subject: Grüße\nFrom: Jürgen <j@example.com>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nZürich\rBern\n"u8.ToArray();
        var mail = Mail with { Attachments = [new Attachment { Filename = "letter.eml", ContentType = "message/rfc822", Content = content }] };

        var part = Sent(mail).Attachments.Single().ShouldBeOfType<MessagePart>();
        part.ContentDisposition!.FileName.ShouldBe("letter.eml");
        part.Headers[HeaderId.ContentTransferEncoding].ShouldBeOneOf(null, "7bit", "8bit");
        part.Message!.Subject.ShouldBe("Grüße");
        part.Message.From.Mailboxes.Single().Name.ShouldBe("Jürgen");
        part.Message.TextBody!.ShouldBe("Zürich\r\nBern\r\n", StringCompareShould.IgnoreLineEndings);
        using var composed = MailComposer.Compose(mail, "id@example.com", DateTimeOffset.UnixEpoch);
        composed.Message.Prepare(EncodingConstraint.SevenBit);
        using var stream = new MemoryStream();
        composed.Message.WriteTo(stream);
        stream.ToArray().ShouldAllBe(value => value < 0x80);
    }

    [TestCase("")]
    [TestCase("{\"not\":\"a mail\"}")]
    public void What_is_called_a_mail_and_is_none_is_refused(string content) =>
        Should.Throw<PermanentMailException>(() => Sent(Mail with { Attachments = [new Attachment { Filename = "a.eml", ContentType = "message/rfc822", Content = Encoding.UTF8.GetBytes(content) }] }));

    [Test]
    public void No_line_of_a_text_ends_with_CR_or_LF_alone(
        [Values] EncodingConstraint constraint,
        [Values("one\rtwo\nthree\r\nfour\n\rfive\r", "é\r\r\n\n\ré", "日本\n日本\r日本", "a\r.\rMAIL FROM:<x@example.com>\n.\nb\r")] string text)
    {
        using var composed = MailComposer.Compose(Mail with { Text = text, Html = text, Calendar = Invitation.Replace('\n', '\r'), Attachments = [] }, "id@example.com", DateTimeOffset.UnixEpoch);
        composed.Message.Prepare(constraint, 998);
        using var stream = new MemoryStream();
        composed.Message.WriteTo(new FormatOptions { NewLineFormat = NewLineFormat.Dos, EnsureNewLine = true }, stream);

        var source = Encoding.UTF8.GetString(stream.ToArray()).Replace("\r\n", "", StringComparison.Ordinal);
        source.ShouldNotContain('\r');
        source.ShouldNotContain('\n');
        stream.Position = 0;
        foreach (var part in MimeMessage.Load(stream).BodyParts.OfType<TextPart>())
            Encoding.UTF8.GetString(Bytes(part)).Replace("\r\n", "", StringComparison.Ordinal).ShouldSatisfyAllConditions(rest => rest.ShouldNotContain('\r'), rest => rest.ShouldNotContain('\n'));
    }

    private const string Invitation = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Frühstück\nEND:VEVENT\nEND:VCALENDAR\n";

    /// <summary>The mail as a reader gets it.</summary>
    private static MimeMessage Sent(SendEmail mail)
    {
        using var stream = new MemoryStream();
        MailComposer.Compose(mail, "id@example.com", DateTimeOffset.UnixEpoch).Message.WriteTo(stream);
        stream.Position = 0;
        return MimeMessage.Load(stream);
    }

    private static byte[] Bytes(MimePart part)
    {
        using var stream = new MemoryStream();
        part.Content!.DecodeTo(stream);
        return stream.ToArray();
    }
}
