using Contracts.Validation;

namespace Contracts.Tests.Validation;

public class HeaderFieldTests
{
    private static string[] Errors(string name, string value) =>
        [.. SendEmailValidator.Validate(Mails.Valid with { Headers = new Dictionary<string, string> { [name] = value } }).Select(e => $"{e.Path}: {e.Code}")];

    [TestCase("List-Unsubscribe")]
    [TestCase("References")]
    [TestCase("X-Token")]
    [TestCase("Auto-Submitted")]
    public void A_value_that_no_line_can_hold_is_refused_by_name(string name)
    {
        Errors(name, $"<{new string('a', 995)}>").ShouldBeEmpty();
        Errors(name, $"<{new string('a', 996)}>").ShouldBe([$"headers.{name}: too_long"]);
        Errors(name, $"a <{new string('a', 2_000)}> b").ShouldBe([$"headers.{name}: too_long"]);
        Errors(name, $"a{new string(' ', 998)}b").ShouldBe([$"headers.{name}: too_long"]);
    }

    [Test]
    public void What_can_be_broken_or_encoded_may_be_longer()
    {
        Errors("X-Note", string.Join(' ', Enumerable.Repeat(new string('a', 400), 9))).ShouldBeEmpty();
        Errors("X-Note", new string('é', 2_000)).ShouldBeEmpty();
        Errors("References", string.Concat(Enumerable.Repeat($"<{new string('a', 300)}@example.com>", 9))).ShouldBeEmpty();
        Errors("List-Unsubscribe", string.Join(',', Enumerable.Repeat($"<https://example.com/{new string('a', 300)}>", 9))).ShouldBeEmpty();
    }

    [Test]
    public void Octets_count_and_not_characters() =>
        Errors("References", $"<{new string('é', 600)}@example.com>").ShouldBe(["headers.References: too_long"]);

    [TestCase("List-Unsubscribe", "<https://bücher.example:8080/ü?a=ß#x>, <mailto:off@example.com>", "<https://xn--bcher-kva.example:8080/%C3%BC?a=%C3%9F#x>, <mailto:off@example.com>")]
    [TestCase("List-Help", "<https://ann@bücher.example>", "<https://ann@xn--bcher-kva.example>")]
    [TestCase("List-Post", "NO", "NO")]
    [TestCase("List-Archive", "<https://example.com/a>,<https://example.com/b>", "<https://example.com/a>, <https://example.com/b>")]
    [TestCase("List-ID", "<list.bücher.example>", "<list.xn--bcher-kva.example>")]
    [TestCase("References", "<a@b><c@d>", "<a@b> <c@d>")]
    public void Structured_fields_are_written_in_ASCII_where_they_have_such_a_form(string name, string value, string written)
    {
        HeaderField.TryRead(name, value, out var field).ShouldBeTrue();
        field!.Value.ShouldBe(written);
        field.NeedsSmtpUtf8.ShouldBeFalse();
    }

    [TestCase("References", "<grün@example.com>")]
    [TestCase("In-Reply-To", "<a@bücher.example>")]
    [TestCase("Disposition-Notification-To", "Jürgen <jürgen@example.com>")]
    public void What_has_no_form_in_ASCII_needs_SMTPUTF8(string name, string value)
    {
        HeaderField.TryRead(name, value, out var field).ShouldBeTrue();
        field!.NeedsSmtpUtf8.ShouldBeTrue();
    }

    [Test]
    public void A_mailbox_whose_domain_alone_is_beyond_ASCII_does_not()
    {
        HeaderField.TryRead("Disposition-Notification-To", "Jürgen <j@bücher.example>, \"Lee, Ann\" <ann@example.com>", out var field).ShouldBeTrue();
        field!.NeedsSmtpUtf8.ShouldBeFalse();
        field.Mailboxes.Select(mailbox => $"{mailbox.DisplayName} {mailbox.WireAddress}").ShouldBe(["Jürgen j@xn--bcher-kva.example", "Lee, Ann ann@example.com"]);
    }

    [TestCase("Auto-Submitted", "ü", "invalid_text")]
    [TestCase("List-Unsubscribe-Post", "ü", "invalid_text")]
    [TestCase("List-Unsubscribe", "https://example.com/ü", "invalid_text")]
    [TestCase("List-Unsubscribe", "ü <https://example.com/>", "invalid_text")]
    [TestCase("List-Unsubscribe", "<https://ü..example/>", "invalid_text")]
    [TestCase("List-ID", "Bücher", "invalid_text")]
    [TestCase("List-ID", "Bücher <ü..example>", "invalid_text")]
    [TestCase("References", "<a\u200b@example.com>", "invalid_text")]
    [TestCase("Disposition-Notification-To", "ü", "invalid_address")]
    [TestCase("Disposition-Notification-To", "ann@example.com,", "invalid_address")]
    public void What_a_field_cannot_carry_is_refused_by_its_name(string name, string value, string code) =>
        Errors(name, value).ShouldBe([$"headers.{name}: {code}"]);
}
