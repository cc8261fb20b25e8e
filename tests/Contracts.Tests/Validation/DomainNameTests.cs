using Contracts.Validation;

namespace Contracts.Tests.Validation;

public class DomainNameTests
{
    [Test]
    public void Domains_are_mapped_by_the_tables_of_Unicode() => DomainName.IsMapped.ShouldBeTrue();

    [TestCase("example.com", "example.com")]
    [TestCase("Example.COM", "Example.COM")]
    [TestCase("a_b.example", "a_b.example")]
    [TestCase("bücher.example", "xn--bcher-kva.example")]
    [TestCase("BÜCHER.example", "xn--bcher-kva.example")]
    [TestCase("bu\u0308cher.example", "xn--bcher-kva.example", TestName = "decomposed")]
    [TestCase("ｂüｃｈｅｒ.example", "xn--bcher-kva.example", TestName = "full width")]
    [TestCase("bücher。example", "xn--bcher-kva.example", TestName = "ideographic full stop")]
    [TestCase("xn--bcher-kva.example", "xn--bcher-kva.example")]
    [TestCase("XN--BCHER-KVA.example", "XN--BCHER-KVA.example")]
    [TestCase("faß.example", "xn--fa-hia.example")]
    [TestCase("βόλος.example", "xn--nxasmm1c.example")]
    [TestCase("日本.example", "xn--wgv71a.example")]
    [TestCase("[192.0.2.1]", "[192.0.2.1]")]
    [TestCase("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]")]
    [TestCase("[IPv6:::ffff:192.0.2.1]", "[IPv6:::ffff:192.0.2.1]")]
    public void A_domain_is_known_by_its_ASCII_form(string domain, string ascii)
    {
        DomainName.TryToAscii(domain, out var mapped).ShouldBeTrue();
        mapped.ShouldBe(ascii);
    }

    [TestCase("")]
    [TestCase(".")]
    [TestCase("ü..example")]
    [TestCase("a..example")]
    [TestCase("bücher.example.")]
    [TestCase("-bücher.example")]
    [TestCase("bü cher.example")]
    [TestCase("℀.example", TestName = "maps to a slash")]
    [TestCase("bü\u202echer.example", TestName = "turns the direction")]
    [TestCase("bü\ufffdcher.example", TestName = "replacement character")]
    [TestCase("xn--a.example", TestName = "stands for nothing")]
    [TestCase("xn--.example")]
    [TestCase("[1]")]
    [TestCase("[127.1]")]
    [TestCase("[0x7f.0.0.1]")]
    [TestCase("[010.0.0.1]")]
    [TestCase("[x\\]y]")]
    [TestCase("[x]")]
    [TestCase("[]")]
    [TestCase("[2001:db8::1]")]
    [TestCase("[IPv6:127.0.0.1]")]
    [TestCase("[IPv6:fe80::1%eth0]")]
    [TestCase("[IPv6:[::1]]")]
    [TestCase("[ 127.0.0.1 ]")]
    public void What_is_not_a_domain_is_refused(string domain) => DomainName.TryToAscii(domain, out _).ShouldBeFalse();

    [Test]
    public void A_part_has_at_most_63_octets_in_ASCII()
    {
        DomainName.TryToAscii(new string('a', 63) + ".example", out _).ShouldBeTrue();
        DomainName.TryToAscii(new string('a', 64) + ".example", out _).ShouldBeFalse();
        DomainName.TryToAscii(new string('ü', 50) + ".example", out var ascii).ShouldBeTrue();
        ascii!.Split('.')[0].Length.ShouldBeLessThanOrEqualTo(63);
        DomainName.TryToAscii(new string('ü', 63) + ".example", out _).ShouldBeFalse();
    }
}
