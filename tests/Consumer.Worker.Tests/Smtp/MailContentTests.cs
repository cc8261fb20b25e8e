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
