using System.Text;
using System.Text.Json;
using Contracts.Validation;

namespace Contracts.Tests.Json;

public class SendEmailJsonTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static SendEmail Read(string json) => SendEmailJson.Deserialize(Encoding.UTF8.GetBytes(json));

    private static string Write(SendEmail mail) => Encoding.UTF8.GetString(SendEmailJson.Serialize(mail));

    [Test]
    public void The_record_a_person_types_into_a_console_is_a_mail()
    {
        var mail = Read("""{"from":"a@example.com","to":"b@example.com","subject":"s","body":"text"}""");

        mail.From.ShouldBe("a@example.com");
        mail.To.ShouldBe(["b@example.com"]);
        mail.Subject.ShouldBe("s");
        mail.Text.ShouldBe("text");
        SendEmailValidator.Validate(mail).ShouldBeEmpty();
    }

    [Test]
    public void Every_field_is_read_and_written_in_one_order()
    {
        const string All = """{"from":"a@x.org","to":["b@x.org","c@x.org"],"cc":["d@x.org"],"bcc":["e@x.org"],"reply_to":["f@x.org"],"subject":"Grüße 日本","text":"t","html":"<p>h</p>","calendar":"BEGIN:VCALENDAR","attachments":[{"filename":"Übersicht.pdf","content_type":"application/pdf","content":"JVBERi0xLjQ="},{"filename":"logo.png","content_id":"logo","content":"iVBO+/8="}],"headers":{"X-A":"1","X-B":"2"},"tags":["u","v"],"ordering_key":"k","stream":"bulk","scheduled_at":"2030-01-31T08:00:00.5Z"}""";

        Write(Read(All)).ShouldBe(All);
    }

    [Test]
    public void The_same_mail_written_differently_has_the_same_bytes()
    {
        var one = Read("""{"to":["b@x.org"],"from":"a@x.org","subject":"s","body":"\u0074","cc":null,"headers":{"X-B":"2","X-A":"1"}}""");
        var two = Read("""{ "from":"a@x.org", "to":"b@x.org", "subject":"s", "text":"t", "headers":{"X-A":"1","X-B":"2"} }""");

        SendEmailJson.Serialize(one).ShouldBe(SendEmailJson.Serialize(two));
    }

    [Test]
    public void A_name_may_be_written_with_escapes_and_is_the_same_name_then()
    {
        Read("""{"\u0066rom":"a@x.org","\u0078":1}""").ShouldSatisfyAllConditions(
            mail => mail.From.ShouldBe("a@x.org"),
            mail => mail.Unread.ShouldHaveSingleItem().Name.ShouldBe("x"));

        var twice = Read("""{"from":"a@x.org","\u0066rom":"b@x.org","x":1,"\u0078":2}""");
        twice.From.ShouldBe("a@x.org");
        twice.Unread.SelectMany(field => field.Errors).Select(error => error.Code)
            .ShouldBe([ValidationCodes.DuplicateField, ValidationCodes.UnknownField, ValidationCodes.DuplicateField]);
    }

    [Test]
    public void The_bytes_are_the_same_whoever_s_writer_they_are_written_with()
    {
        const string Json = """{"from":"a@x.org","subject":"Grüße <日本> & 'x'"}""";
        var mail = Read(Json);

        JsonSerializer.Serialize(new { Mail = mail }, Indented).ShouldContain(Json);
        JsonSerializer.Serialize(mail, JsonSerializerOptions.Web).ShouldBe(Json);
        JsonSerializer.Serialize(mail, SendEmailJson.Options).ShouldBe(Json);
    }

    [Test]
    public void The_default_stream_is_left_out_and_a_mail_without_one_has_it()
    {
        Write(Read("""{"from":"a@x.org","stream":"transactional"}""")).ShouldBe("""{"from":"a@x.org"}""");
        Read("""{"from":"a@x.org"}""").Stream.ShouldBe(MailStream.Transactional);
        Read("""{"from":"a@x.org","stream":"bulk"}""").Stream.ShouldBe(MailStream.Bulk);
    }

    [TestCase("iVBO+/8=")]
    [TestCase("iVBO\\r\\n+/8=")]
    [TestCase(" iVBO +/8= ")]
    [TestCase("iVBO\\u002b\\/8=")]
    [TestCase("iVBO+/9=")]
    public void Base64_has_the_same_bytes_however_it_is_written(string content)
    {
        var mail = Read($$"""{"attachments":[{"content":"{{content}}","filename":"a"}]}""");

        mail.Attachments.ShouldHaveSingleItem().Content!.Value.ToArray().ShouldBe([0x89, 0x50, 0x4e, 0xfb, 0xff]);
        Write(mail).ShouldBe("""{"attachments":[{"filename":"a","content":"iVBO+/8="}]}""");
    }

    [TestCase("2030-01-31T09:00:00+01:00")]
    [TestCase("2030-01-31T08:00Z")]
    [TestCase("2030-01-31T08:00:00.000Z")]
    [TestCase("2030-01-31T03:30:00.0000000-04:30")]
    public void One_time_has_the_same_bytes_whatever_its_offset(string time) =>
        Write(Read($$"""{"scheduled_at":"{{time}}"}""")).ShouldBe("""{"scheduled_at":"2030-01-31T08:00:00Z"}""");

    [Test]
    public void The_options_of_another_serializer_change_neither_bytes_nor_reading()
    {
        var foreign = new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true, DictionaryKeyPolicy = JsonNamingPolicy.CamelCase };
        var mail = Mails.Valid with { Subject = "Grüße <b>", Headers = new Dictionary<string, string> { ["X-A"] = "1" } };

        JsonSerializer.SerializeToUtf8Bytes(mail, foreign).ShouldBe(SendEmailJson.Serialize(mail));
        JsonSerializer.Deserialize<SendEmail>("""{"From":"a@x.org"}""", foreign)!.Unread.ShouldHaveSingleItem().Name.ShouldBe("From");
    }

    [TestCase("""{"stream":"Bulk"}""", "stream", ValidationCodes.UnknownStream, "transactional or bulk")]
    [TestCase("""{"stream":1}""", "stream", ValidationCodes.WrongType, "must be a text")]
    [TestCase("""{"template":"welcome"}""", "template", ValidationCodes.NotSupported, "not supported yet")]
    [TestCase("""{"scheduled_at":"2030-01-01T00:00:00"}""", "scheduled_at", ValidationCodes.InvalidTime, "with the offset from UTC")]
    [TestCase("""{"scheduled_at":"tomorrow"}""", "scheduled_at", ValidationCodes.InvalidTime, "RFC 3339")]
    [TestCase("""{"scheduled_at":"2030-02-30T00:00:00Z"}""", "scheduled_at", ValidationCodes.InvalidTime, "is not a valid time")]
    [TestCase("""{"scheduled_at":"01/02/2030 10:00 +01:00"}""", "scheduled_at", ValidationCodes.InvalidTime, "is not a valid time")]
    [TestCase("""{"scheduled_at":1893456000}""", "scheduled_at", ValidationCodes.WrongType, "must be a text")]
    [TestCase("""{"attachments":{}}""", "attachments", ValidationCodes.WrongType, "must be a list of attachments, and is an object")]
    [TestCase("""{"attachments":["JVBE"]}""", "attachments[0]", ValidationCodes.WrongType, "must be an object with filename,")]
    [TestCase("""{"attachments":[{"content":"JVBE"},{"content":"J-BE"}]}""", "attachments[1].content", ValidationCodes.InvalidBase64, "not valid base64")]
    [TestCase("""{"attachments":[{"content":"JVB"}]}""", "attachments[0].content", ValidationCodes.InvalidBase64, "multiple of four")]
    [TestCase("""{"attachments":[{"content":7}]}""", "attachments[0].content", ValidationCodes.WrongType, "must be a text")]
    [TestCase("""{"attachments":[{"filename":"\ud800"}]}""", "attachments[0].filename", ValidationCodes.InvalidText, "surrogate")]
    [TestCase("""{"attachments":[{"filename":"a","filename":"b"}]}""", "attachments[0].filename", ValidationCodes.DuplicateField, "given twice")]
    [TestCase("""{"attachments":[{"name":"a.pdf"}]}""", "attachments[0].name", ValidationCodes.UnknownField, "one has filename, content_type")]
    [TestCase("""{"replyTo":"a@x.org"}""", "replyTo", ValidationCodes.UnknownField, "did you mean 'reply_to'?")]
    [TestCase("""{"colour":"red"}""", "colour", ValidationCodes.UnknownField, "a mail has from, to,")]
    [TestCase("""{"subject":5}""", "subject", ValidationCodes.WrongType, "must be a text, and is a number")]
    [TestCase("""{"to":{"a":1}}""", "to", ValidationCodes.WrongType, "must be a text or a list of texts, and is an object")]
    [TestCase("""{"to":["a@x.org",null]}""", "to[1]", ValidationCodes.WrongType, "must be a text, and is null")]
    [TestCase("""{"headers":{"X-A":[1]}}""", "headers.X-A", ValidationCodes.WrongType, "must be a text, and is a list")]
    [TestCase("""{"headers":{"X-A":"1","X-A":"2"}}""", "headers.X-A", ValidationCodes.DuplicateField, "given twice")]
    [TestCase("""{"subject":"a","subject":"b"}""", "subject", ValidationCodes.DuplicateField, "given twice")]
    [TestCase("""{"text":"a","body":"b"}""", "body", ValidationCodes.Conflict, "differ")]
    [TestCase("""{"subject":"\ud800"}""", "subject", ValidationCodes.InvalidText, "surrogate")]
    public void What_cannot_be_taken_is_named_and_written_back_as_it_came(string json, string path, string code, string words)
    {
        var mail = Read(json);

        var error = SendEmailValidator.Validate(mail).First(e => e.Path == path && e.Code == code);
        error.Message.ShouldContain(words);
        Write(mail).ShouldBe(json);
        Write(Read(Write(mail))).ShouldBe(json);
    }

    [Test]
    public void A_field_refused_for_two_reasons_is_kept_once_and_tells_both()
    {
        var mail = Read("""{"to":[1,"a@x.org",2]}""");

        mail.Unread.ShouldHaveSingleItem().Errors.Select(e => e.Path).ShouldBe(["to[0]", "to[2]"]);
        Write(mail).ShouldBe("""{"to":[1,"a@x.org",2]}""");
    }

    [TestCase("")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("\"text\"")]
    [TestCase("{\"from\":")]
    [TestCase("{} trailing")]
    [TestCase("{\"from\":\"a\",}")]
    [TestCase("{/* comment */}")]
    [TestCase("{\"\\ud800\":1}")]
    public void What_is_no_JSON_object_is_refused_whole(string json) =>
        Should.Throw<JsonException>(() => Read(json));

    [Test]
    public void Malformed_JSON_tells_its_position() =>
        Should.Throw<JsonException>(() => Read("{\n  \"from\" \"a\"}")).LineNumber.ShouldBe(1);

    [Test]
    public void A_mail_in_a_log_shows_no_address_and_no_content() =>
        Mails.Valid.ToString().ShouldBe("mail to 1 recipient(s)");
}
