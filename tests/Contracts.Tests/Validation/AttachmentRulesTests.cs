using Contracts.Validation;

namespace Contracts.Tests.Validation;

public class AttachmentRulesTests
{
    private static readonly Attachment Report = new() { Filename = "report.pdf", Content = new byte[] { 1 } };

    private static string[] Errors(params Attachment[] attachments) =>
        [.. SendEmailValidator.Validate(Mails.Valid with { Attachments = attachments }).Select(e => $"{e.Path}: {e.Code}")];

    [Test]
    public void A_file_needs_a_name_and_bytes_and_may_have_none_of_these() =>
        Errors(Report, Report with { Content = ReadOnlyMemory<byte>.Empty }, new Attachment())
            .ShouldBe(["attachments[2].filename: required", "attachments[2].content: required"]);

    [Test]
    public void A_field_that_was_refused_while_it_was_read_is_not_called_missing() =>
        SendEmailValidator.Validate(SendEmailJson.Deserialize("""{"from":"a@x.org","to":"b@x.org","subject":"s","text":"t","attachments":[{"content":"?"}]}"""u8))
            .Select(e => $"{e.Path}: {e.Code}").ShouldBe(["attachments[0].content: invalid_base64"]);

    [TestCase("Übersicht 2026 (final).pdf", true)]
    [TestCase("日本.txt", true)]
    [TestCase(".profile", true)]
    [TestCase("\"quoted\".txt", true)]
    [TestCase("..", false)]
    [TestCase("   ", false)]
    [TestCase("../passwd", false)]
    [TestCase("C:\\boot.ini", false)]
    [TestCase("a\tb.txt", false)]
    [TestCase("a.txt ", false)]
    [TestCase("=?utf-8?q?=2E=2E=2Fpasswd?=", false)]
    [TestCase("a\r\nContent-Type: text/html", false)]
    [TestCase("invoice\u202efdp.exe", false)]
    [TestCase("a\u0000.txt", false)]
    public void A_file_name_is_one_name(string name, bool valid) =>
        Errors(Report with { Filename = name }).ShouldBe(valid ? [] : ["attachments[0].filename: invalid_filename"]);

    [TestCase("application/pdf", true)]
    [TestCase("text/csv; charset=utf-8", true)]
    [TestCase("TEXT/CSV;CHARSET=UTF-8", true)]
    [TestCase("application/vnd.openxmlformats-officedocument.wordprocessingml.document", true)]
    [TestCase("", false)]
    [TestCase("pdf", false)]
    [TestCase("application/", false)]
    [TestCase("application/pdf; name=x", false)]
    [TestCase("application/pdf\r\nBcc: x@x.org", false)]
    [TestCase("application/pdf\n", false)]
    [TestCase("text/\u212a", false)]
    [TestCase("multipart/mixed", false)]
    [TestCase("message/partial", false)]
    [TestCase("text/calendar; method=REQUEST; charset=\"utf-8\"", true)]
    [TestCase("text/plain; format=flowed;delsp=yes", true)]
    [TestCase("application/x; a=\"b \\\"c\\\"; d\"", true)]
    [TestCase("application/x; a=\"\"", true)]
    [TestCase("application/x;", false)]
    [TestCase("application/x; a", false)]
    [TestCase("application/x; a=", false)]
    [TestCase("application/x; a=b c", false)]
    [TestCase("application/x; a=\"b", false)]
    [TestCase("application/x; a=\"b\\", false)]
    [TestCase("application/x; a=b; A=c", false)]
    [TestCase("application/x; a*=utf-8''b", false)]
    [TestCase("application/x; a=ü", false)]
    [TestCase("application/x; a=\"\r\n\"", false)]
    [TestCase("application/x; NAME=\"../a\"", false)]
    public void A_content_type_is_one_that_a_single_part_can_have(string type, bool valid) =>
        Errors(Report with { ContentType = type }).ShouldBe(valid ? [] : ["attachments[0].content_type: invalid_content_type"]);

    [TestCase("Subject: s\r\n\r\ntext", true)]
    [TestCase("X-A : s\n\n", true)]
    [TestCase("From ann Mon\nSubject: s", false)]
    [TestCase("{\"a\":1}", false)]
    [TestCase("", false)]
    [TestCase(": s", false)]
    public void A_forwarded_mail_begins_as_a_mail(string content, bool valid) =>
        Errors(Report with { ContentType = "Message/RFC822", Content = System.Text.Encoding.UTF8.GetBytes(content) })
            .ShouldBe(valid ? [] : ["attachments[0].content_type: invalid_content_type"]);

    [TestCase("logo", true)]
    [TestCase("part1.06090408@example.com", true)]
    [TestCase("", false)]
    [TestCase("<logo>", false)]
    [TestCase("lo go", false)]
    [TestCase("logo@", false)]
    [TestCase("a@b@c", false)]
    [TestCase("lögo", false)]
    [TestCase("logo>\r\nBcc: <x@x.org", false)]
    public void A_content_id_needs_no_quotes(string id, bool valid) =>
        Errors(Report with { ContentId = id }).ShouldBe(valid ? [] : ["attachments[0].content_id: invalid_content_id"]);

    [Test]
    public void A_content_id_names_one_attachment() =>
        Errors(Report with { ContentId = "logo" }, Report with { ContentId = "Logo" }, Report with { ContentId = "logo" })
            .ShouldBe(["attachments[2].content_id: invalid_content_id"]);

    [Test]
    public void Number_and_lengths_are_bounded()
    {
        Errors([.. Enumerable.Repeat(Report, 100)]).ShouldBeEmpty();
        Errors([.. Enumerable.Repeat(Report, 101)]).ShouldBe(["attachments: too_many"]);
        Errors(Report with { Filename = new string('n', 255), ContentId = new string('i', 128), ContentType = "a/" + new string('t', 198) }).ShouldBeEmpty();
        Errors(Report with { Filename = new string('n', 256), ContentId = new string('i', 129), ContentType = "a/" + new string('t', 199) })
            .ShouldBe(["attachments[0].filename: too_long", "attachments[0].content_type: too_long", "attachments[0].content_id: too_long"]);
    }
}
