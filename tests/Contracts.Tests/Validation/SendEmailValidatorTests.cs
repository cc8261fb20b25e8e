using Contracts.Validation;

namespace Contracts.Tests.Validation;

public class SendEmailValidatorTests
{
    private static string[] Errors(SendEmail mail) => [.. SendEmailValidator.Validate(mail).Select(e => $"{e.Path}: {e.Code}")];

    [Test]
    public void A_plain_mail_passes() => Errors(Mails.Valid).ShouldBeEmpty();

    [Test]
    public void All_errors_are_told_at_once() =>
        Errors(new SendEmail { From = "nobody", Cc = ["a@x.org", "b@"], Tags = [""] })
            .ShouldBe(["from: invalid_address", "cc[1]: invalid_address", "subject: required", "text: required", "tags[0]: empty"]);

    [Test]
    public void An_empty_mail_names_what_is_required() =>
        Errors(new SendEmail()).ShouldBe(["from: required", "to: required", "subject: required", "text: required"]);

    [Test]
    public void A_mail_may_go_to_hidden_recipients_alone() =>
        Errors(Mails.Valid with { To = [], Bcc = ["b@x.org"] }).ShouldBeEmpty();

    [Test]
    public void Subject_and_body_may_be_empty_on_purpose() =>
        Errors(Mails.Valid with { Subject = "", Text = null, Html = "" }).ShouldBeEmpty();

    [Test]
    public void The_number_of_recipients_is_bounded_over_all_fields()
    {
        string[] Many(int count) => [.. Enumerable.Range(0, count).Select(i => $"r{i}@x.org")];

        Errors(Mails.Valid with { To = Many(60), Cc = Many(40) }).ShouldBeEmpty();
        Errors(Mails.Valid with { To = Many(60), Cc = Many(41) }).ShouldBe(["to: too_many"]);
    }

    [Test]
    public void A_mail_may_be_scheduled_thirty_days_ahead_of_its_acceptance_and_for_a_time_that_is_past()
    {
        var now = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        string[] At(DateTimeOffset time, DateTimeOffset? accepted) =>
            [.. SendEmailValidator.Validate(Mails.Valid with { ScheduledAt = time }, accepted).Select(e => $"{e.Path}: {e.Code}")];

        At(now.AddDays(30), now).ShouldBeEmpty();
        At(now.AddDays(-400), now).ShouldBeEmpty();
        At(now.AddDays(30).AddTicks(1), now).ShouldBe(["scheduled_at: too_far_ahead"]);
        At(now.AddDays(300), null).ShouldBeEmpty();
    }

    [TestCase("two\r\nlines")]
    [TestCase("bell\u0007")]
    [TestCase("line\u2028separator")]
    public void The_subject_is_one_line(string subject) =>
        Errors(Mails.Valid with { Subject = subject }).ShouldBe(["subject: invalid_text"]);

    [Test]
    public void Half_a_surrogate_pair_is_no_text() =>
        Errors(Mails.Valid with { Subject = "\ud800", Text = "a\udc00" }).ShouldBe(["subject: invalid_text", "text: invalid_text"]);

    [Test]
    public void Lengths_are_bounded()
    {
        Errors(Mails.Valid with { Subject = new string('s', 998) }).ShouldBeEmpty();
        Errors(Mails.Valid with { Subject = new string('s', 999) }).ShouldBe(["subject: too_long"]);
        Errors(Mails.Valid with { OrderingKey = new string('ü', 128) }).ShouldBeEmpty();
        Errors(Mails.Valid with { OrderingKey = new string('ü', 129) }).ShouldBe(["ordering_key: too_long"]);
        Errors(Mails.Valid with { Tags = [new string('t', 257)] }).ShouldBe(["tags[0]: too_long"]);
        Errors(Mails.Valid with { Tags = [new MailTag("", new string('v', 257))] }).ShouldBe(["tags[0].name: empty", "tags[0].value: too_long"]);
    }

    [TestCase("X-Campaign", null)]
    [TestCase("List-Unsubscribe", null)]
    [TestCase("In-Reply-To", null)]
    [TestCase("from", ValidationCodes.ReservedHeader)]
    [TestCase("Bcc", ValidationCodes.ReservedHeader)]
    [TestCase("MESSAGE-ID", ValidationCodes.ReservedHeader)]
    [TestCase("Content-Type", ValidationCodes.ReservedHeader)]
    [TestCase("content-anything", ValidationCodes.ReservedHeader)]
    [TestCase("DKIM-Signature", ValidationCodes.ReservedHeader)]
    [TestCase("Return-Path", ValidationCodes.ReservedHeader)]
    [TestCase("", ValidationCodes.InvalidHeaderName)]
    [TestCase("X Y", ValidationCodes.InvalidHeaderName)]
    [TestCase("X:Y", ValidationCodes.InvalidHeaderName)]
    [TestCase("X-Ü", ValidationCodes.InvalidHeaderName)]
    [TestCase("X\r\nBcc", ValidationCodes.InvalidHeaderName)]
    public void Only_headers_of_the_caller_s_own_are_taken(string name, string? code) =>
        Errors(Mails.Valid with { Headers = new Dictionary<string, string> { [name] = "v" } })
            .ShouldBe(code is null ? [] : [$"headers.{name}: {code}"]);

    [Test]
    public void A_header_given_in_two_spellings_is_given_twice() =>
        Errors(Mails.Valid with { Headers = new Dictionary<string, string> { ["X-A"] = "1", ["x-a"] = "2" } })
            .ShouldBe(["headers.x-a: duplicate_field"]);

    [Test]
    public void A_header_value_cannot_start_another_header() =>
        Errors(Mails.Valid with { Headers = new Dictionary<string, string> { ["X-A"] = "1\r\nBcc: x@x.org" } })
            .ShouldBe(["headers.X-A: invalid_text"]);
}
