using NUnit.Framework;
using Persistence.Failures;
using Shouldly;

namespace Persistence.Tests.Failures;

public sealed class CauseTitleTests
{
    private const string Permanent = "Consumer.Worker.Smtp.PermanentMailException";
    private const string Transient = "Consumer.Worker.Smtp.TransientMailException";

    [TestCase(Permanent, "The mail server refused 1 recipient permanently: fail-550@example.com: 550 5.1.1 No such user here", "550 5.1.1 No such user here (example.com)")]
    [TestCase(Permanent, "The mail server refused 2 recipients permanently: a@Example.com: 550 5.1.1 No; b@example.COM: 550 5.1.1 No", "550 5.1.1 No (example.com)")]
    [TestCase(Permanent, "The mail server refused 2 recipients permanently: a@x.org: 550 5.1.1 No; b@y.org: 550 5.1.1 No", "550 5.1.1 No")]
    [TestCase(Permanent, "The mail server refused 2 recipients permanently: b@x.org: 552 5.2.2 Full; a@x.org: 550 5.1.1 No", "550 5.1.1 No, and another reply (x.org)")]
    [TestCase(Permanent, "The mail server refused 3 recipients permanently: a@x.org: 550 No; b@y.org: 552 Full; c@x.org: 554 Spam", "550 No, and 2 other replies")]
    [TestCase(Permanent, "The mail server refused 1 recipient permanently: a@x.org: 550 5.1.1 <a@x.org>: Recipient address rejected: User unknown", "550 5.1.1 Recipient address rejected: User unknown (x.org)")]
    [TestCase(Permanent, "The mail server refused 1 recipient permanently: a@x.org: 550  no", "550 no (x.org)")]
    [TestCase(Permanent, "The mail server refused 1 recipient permanently: a@x.org: 550 5.1.1 The account does not exist. Please try 5.1.1 double-checking", "550 5.1.1 The account does not exist (x.org)")]
    [TestCase(Transient, "1 recipient not sent to: a@x.org: 451 4.3.0 Try later", "451 4.3.0 Try later (x.org)")]
    [TestCase(Transient, "2 recipients not sent to: The mail server replied to DATA: 451 4.3.0 queue 4bX9z2Q1 is full", "451 4.3.0 queue … is full")]
    [TestCase(Transient, "1 recipient not sent to: The connection to the mail server was lost at DATA: Connection reset by peer", "The connection to the mail server was lost at DATA: Connection reset by peer")]
    [TestCase(Transient, "1 recipient not sent to yet: The mail server replied to MAIL: 450 4.7.1 Too fast (for longer than Smtp:ThrottlePatience, while other mails pass)", "450 4.7.1 Too fast (for longer than Smtp:ThrottlePatience, while other mails pass)")]
    [TestCase("Consumer.Worker.Smtp.SmtpUnavailableException", "The mail server replied to AUTH: 535 5.7.8 Bad credentials", "The relay refuses logins: 535 5.7.8 Bad credentials")]
    [TestCase("Consumer.Worker.Smtp.SmtpUnavailableException", "The mail server cannot be used, at AUTH: the login was refused: no token", "The relay refuses logins: The mail server cannot be used, at AUTH: the login was refused: no token")]
    [TestCase(Permanent, "The mail is invalid: $.to[0] is not an address", "The mail is invalid: $.to[…] is not an address")]
    [TestCase("System.Text.Json.JsonException", "'<' is an invalid start of a value. Path: $ | LineNumber: 0", "The record cannot be read: '<' is an invalid start of a value")]
    [TestCase("System.Text.Json.JsonReaderException", "'no mail' is an invalid JSON literal. Expected the literal 'null'.", "The record cannot be read: 'no mail' is an invalid JSON literal")]
    [TestCase("System.NullReferenceException", "Object reference not set to an instance of an object.", "NullReferenceException: Object reference not set to an instance of an object")]
    [TestCase("dead-letter", "The message was not consumed: no consumer of the endpoint takes its type.", "The message was not consumed: no consumer of the endpoint takes its type")]
    [TestCase("Unknown", "550", "550")]
    [TestCase("System.TimeoutException", "Timed out after 1500 ms", "TimeoutException: Timed out after … ms")]
    public void A_cause_reads_in_plain_words(string exceptionType, string message, string title) => CauseTitle.Of(exceptionType, message).Text.ShouldBe(title);

    [TestCase("", "", "")]
    [TestCase("System.Exception", "", "Exception")]
    public void A_failure_that_says_little_has_a_title_all_the_same(string exceptionType, string message, string title) =>
        CauseTitle.Of(exceptionType, message).Text.ShouldBe(title.Length == 0 ? "Unknown" : title);

    [TestCase("refused 1 recipient permanently: a@x.org: 550 5.1.1 No", 550, "5.1.1", "x.org")]
    [TestCase("refused 1 recipient permanently: a@x.org: 550-5.1.1 No", 550, "5.1.1", "x.org")]
    [TestCase("The mail server replied to DATA: 451 Later", 451, null, null)]
    [TestCase("Timed out after 500 ms", null, null, null)]
    [TestCase("The relay 550 is away", null, null, null)]
    public void Its_parts_are_at_hand(string message, int? code, string? enhanced, string? domain)
    {
        var title = CauseTitle.Of(Permanent, message);
        (title.ReplyCode, title.EnhancedCode, title.Domain).ShouldBe((code, enhanced, domain));
        title.Pattern.ShouldBe(Fingerprint.Normalize(message));
    }

    [TestCase("refused 1 recipient permanently: ann@x.org: 550 5.1.1 <ann@x.org> is unknown", "refused 2 recipients permanently: bob@y.org: 550 5.1.1 <bob@y.org> is unknown; eve@y.org: 550 5.1.1 <eve@y.org> is unknown")]
    [TestCase("451 4.3.0 queue 4bX9z2Q1 full, 17 waiting", "451 4.3.0 queue 7cA0aa93 full, 4012 waiting")]
    [TestCase("Mail 0198c5a4-1f1e-7d3a-9a53-0d3c3f0a1b2c was not sent", "Mail 7b7c5a4e-2f1e-4d3a-8a53-1d3c3f0a1b2d was not sent")]
    public void Failures_of_one_fingerprint_have_one_summary(string one, string other)
    {
        Fingerprint.Of(Permanent, one).ShouldBe(Fingerprint.Of(Permanent, other));
        CauseTitle.Of(Permanent, one).Summary.ShouldBe(CauseTitle.Of(Permanent, other).Summary);
    }

    [TestCase("refused 1 recipient permanently: secret@x.org: 550 5.1.1 secret@x.org is unknown")]
    [TestCase("Nobody is called secret@x.org")]
    public void It_names_no_address(string message) => CauseTitle.Of(Permanent, message).Text.ShouldNotContain("secret");

    [TestCase('a')]
    [TestCase(' ')]
    [TestCase('\n')]
    [TestCase(':')]
    public void It_is_one_short_line_however_long_the_message_is(char filler)
    {
        var title = CauseTitle.Of(Permanent, $"refused 1 recipient permanently: a@x.org: 550 5.1.1 no\r\nsuch {new string(filler, 1_000_000)} user");
        title.Summary.Length.ShouldBeLessThanOrEqualTo(160);
        title.Text.ShouldNotContain('\n');
        title.ReplyCode.ShouldBe(550);
    }

    [Test]
    public void It_holds_nothing_that_is_not_seen_or_turns_what_stands_beside_it()
    {
        var title = CauseTitle.Of("Unknown", "refused: a@ex\u202eample.com: 550 5.1.1 no\u0007 \u001b[31muser\u202e\ud83d here");
        title.Text.ShouldBe("550 5.1.1 no [<n>muser\ufffd here (example.com)".Replace("<n>", "…", StringComparison.Ordinal));
        (title.ReplyCode, title.Domain).ShouldBe((550, "example.com"));
    }

    [Test]
    public void A_character_of_two_halves_is_not_cut_between_them([Range(150, 162)] int before) =>
        Should.NotThrow(() => new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(CauseTitle.Of("Unknown", new string('a', before) + "😀😀😀😀😀😀").Text));
}
