using Contracts.Validation;

namespace Contracts.Tests.Validation;

public class EmailAddressTests
{
    [TestCase("ann@example.com", "ann@example.com", "")]
    [TestCase("Ann Lee <ann@example.com>", "ann@example.com", "Ann Lee")]
    [TestCase("\"Lee, Ann\" <ann@example.com>", "ann@example.com", "Lee, Ann")]
    [TestCase("Jürgen <j@bücher.example>", "j@bücher.example", "Jürgen")]
    [TestCase("ann+tag@sub.example.com", "ann+tag@sub.example.com", "")]
    [TestCase("\"a b\"@example.com", "\"a b\"@example.com", "")]
    [TestCase("ann@[127.0.0.1]", "ann@[127.0.0.1]", "")]
    public void An_address_with_or_without_a_name_is_taken(string text, string address, string name)
    {
        EmailAddress.TryParse(text, out var parsed).ShouldBeTrue(EmailAddress.Explain(text));
        parsed!.Address.ShouldBe(address);
        parsed.DisplayName.ShouldBe(name);
    }

    [TestCase("")]
    [TestCase("  ")]
    [TestCase("ann")]
    [TestCase("@example.com")]
    [TestCase("ann@")]
    [TestCase("ann@example.com, bob@example.com")]
    [TestCase("ann@example.com; bob@example.com")]
    [TestCase("ann@example.com bob@example.com")]
    [TestCase("Ann ann@example.com")]
    [TestCase("ann@example.com\r\nBcc: x@example.com")]
    [TestCase("Ann\r\n <ann@example.com>")]
    [TestCase("ann@exam ple.com")]
    [TestCase("ann@ex\u0000ample.com")]
    [TestCase("ann@example..com")]
    [TestCase("ann@.example.com")]
    [TestCase("ann@example.com.")]
    [TestCase("ann@example.com>")]
    [TestCase("<ann@example.com")]
    [TestCase("ann..b@example.com")]
    [TestCase("ann.@example.com")]
    [TestCase(".ann@example.com")]
    [TestCase("ann@exa<mple.com")]
    [TestCase("ann@example.com (Ann)")]
    [TestCase("ann@-example.com")]
    public void What_is_not_one_address_is_refused_with_a_reason(string text)
    {
        EmailAddress.TryParse(text, out _).ShouldBeFalse();
        EmailAddress.Explain(text).ShouldNotBeNullOrWhiteSpace();
    }

    [Test]
    public void Lengths_follow_SMTP()
    {
        var domain = string.Join('.', Enumerable.Repeat(new string('d', 60), 3));

        EmailAddress.TryParse(new string('a', 64) + "@" + domain, out _).ShouldBeTrue();
        EmailAddress.Explain(new string('a', 65) + "@" + domain)!.ShouldContain("before the @");
        EmailAddress.Explain("a@" + domain + "." + domain)!.ShouldContain("at most 254");
    }
}
