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
    [TestCase("ann@[IPv6:2001:db8::1]", "ann@[IPv6:2001:db8::1]", "")]
    [TestCase("\"Dwayne \\\"The Rock\\\" Johnson\" <d@example.com>", "d@example.com", "Dwayne \"The Rock\" Johnson")]
    [TestCase("\"back\\\\slash\" <d@example.com>", "d@example.com", "back\\slash")]
    [TestCase("Nat \"King\" Cole <n@example.com>", "n@example.com", "Nat King Cole")]
    [TestCase("\"Nat\" \"King\" <n@example.com>", "n@example.com", "Nat King")]
    [TestCase("\" Ann \" <ann@example.com>", "ann@example.com", " Ann ")]
    [TestCase("  Ann   <ann@example.com> ", "ann@example.com", "Ann")]
    [TestCase("\"<\" <\"a<b\"@example.com>", "\"a<b\"@example.com", "<")]
    [TestCase("O'Brien (Sales), Ltd. <o@example.com>", "o@example.com", "O'Brien (Sales), Ltd.")]
    [TestCase("<ann@example.com>", "ann@example.com", "")]
    [TestCase("b@BÜCHER.example", "b@BÜCHER.example", "")]
    [TestCase("bøb@example.com", "bøb@example.com", "")]
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
    [TestCase("ann@[1]")]
    [TestCase("ann@[x\\]y]")]
    [TestCase("ann@[2001:db8::1]")]
    [TestCase("Ann <ann@example.com>, Bob <bob@example.com>")]
    [TestCase("ann@example.com, Bob <bob@example.com>")]
    [TestCase("Ann \"Lee <ann@example.com>")]
    [TestCase("\"Ann <ann@example.com>")]
    [TestCase("\"Ann\\\" <ann@example.com>")]
    [TestCase("\"ann\\\"@example.com")]
    [TestCase("\"ann\"b@example.com")]
    [TestCase("ann lee@example.com")]
    [TestCase("ann@bücher..example")]
    [TestCase("<>")]
    [TestCase("<")]
    [TestCase("Ann <")]
    public void What_is_not_one_address_is_refused_with_a_reason(string text)
    {
        EmailAddress.TryParse(text, out _).ShouldBeFalse();
        EmailAddress.Explain(text).ShouldNotBeNullOrWhiteSpace();
    }

    [TestCase('\u200b', "U+200B ZERO WIDTH SPACE")]
    [TestCase('\u00a0', "U+00A0 NO-BREAK SPACE")]
    [TestCase('\u00ad', "U+00AD SOFT HYPHEN")]
    [TestCase('\u202e', "U+202E RIGHT-TO-LEFT OVERRIDE")]
    [TestCase('\u3164', "U+3164 HANGUL FILLER")]
    [TestCase('\ufe0f', "U+FE0F")]
    [TestCase('\u2003', "U+2003")]
    public void A_character_before_the_at_that_nobody_sees_is_refused_by_name(char invisible, string name)
    {
        EmailAddress.Explain($"an{invisible}n@example.com")!.ShouldContain(name);
        EmailAddress.Explain($"\"an{invisible}n\"@example.com")!.ShouldContain(name);
        EmailAddress.TryParse($"Ann{invisible}Lee <ann@example.com>", out _).ShouldBeTrue("a name may have it");
    }

    [TestCase("john@example.com", "john@EXAMPLE.com", true)]
    [TestCase("john@example.com", "John@example.com", false)]
    [TestCase("john@bücher.example", "john@xn--bcher-kva.example", true)]
    public void The_domain_s_spelling_does_not_make_another_mailbox_and_that_of_the_local_part_does(string one, string two, bool same)
    {
        EmailAddress.TryParse(one, out var first).ShouldBeTrue();
        EmailAddress.TryParse(two, out var second).ShouldBeTrue();
        (first!.Identity == second!.Identity).ShouldBe(same);
    }

    [Test]
    public void Lengths_follow_SMTP()
    {
        var domain = string.Join('.', Enumerable.Repeat(new string('d', 60), 3));

        EmailAddress.TryParse(new string('a', 64) + "@" + domain, out _).ShouldBeTrue();
        EmailAddress.Explain(new string('a', 65) + "@" + domain)!.ShouldContain("before the @");
        EmailAddress.Explain(new string('ü', 33) + "@" + domain)!.ShouldContain("66 octets before the @");
        EmailAddress.Explain("a@" + domain + "." + domain)!.ShouldContain("at most 254");
    }
}
