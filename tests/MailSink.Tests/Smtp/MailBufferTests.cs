using System.Text;
using MailSink.Smtp;

namespace MailSink.Tests.Smtp;

internal sealed class MailBufferTests
{
    [TestCase("", 998, "\r\n", false)]
    [TestCase("", 999, "\r\n", true)]
    [TestCase("first\r\n", 998, "\r\nlast", false)]
    [TestCase("first\r\n", 999, "\r\nlast", true)]
    [TestCase("first\r\n", 1000, "", false)]
    [TestCase("first\r\n", 1001, "", true)]
    public void A_line_holds_1000_octets_with_its_end(string before, int length, string after, bool tooLong)
    {
        var mail = new MailBuffer(10_000);
        mail.Append(Encoding.ASCII.GetBytes(before + new string('x', length) + after));
        mail.HasLineTooLong.ShouldBe(tooLong);
    }

    [Test]
    public void What_is_past_the_limit_is_not_kept_and_the_next_mail_begins_anew()
    {
        var mail = new MailBuffer(4);
        mail.Append("1234"u8);
        mail.IsTooBig.ShouldBeFalse();
        mail.Append("5"u8);
        (mail.IsTooBig, mail.ToArray().Length).ShouldBe((true, 4));

        mail.Reset();
        mail.Append("ab"u8);
        (mail.IsTooBig, Encoding.ASCII.GetString(mail.ToArray())).ShouldBe((false, "ab"));
    }
}
