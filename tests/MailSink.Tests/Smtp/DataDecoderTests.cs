using System.Text;
using MailSink.Smtp;

namespace MailSink.Tests.Smtp;

internal sealed class DataDecoderTests
{
    [TestCase("Hi\r\n.\r\n", "Hi\r\n")]
    [TestCase(".\r\n", "")]
    [TestCase("..\r\n.\r\n", ".\r\n")]
    [TestCase("...x\r\n..\r\n.\r\n", "..x\r\n.\r\n")]
    [TestCase("a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", TestName = "A_bare_LF_ends_neither_line_nor_mail")]
    [TestCase("a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", TestName = "A_dot_after_a_bare_LF_is_text")]
    [TestCase("a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", TestName = "A_dot_before_a_bare_LF_ends_no_mail")]
    [TestCase("a\r.\r\n\r\r\n.\r\n", "a\r.\r\n\r\r\n", TestName = "A_bare_CR_ends_no_line")]
    [TestCase("a\r\n.\r.\r\n.\r\n", "a\r\n\r.\r\n", TestName = "A_dot_and_a_bare_CR_end_no_mail")]
    public void Removes_stuffed_dots_and_finds_the_end_however_the_bytes_are_cut(string wire, string mail)
    {
        var bytes = Encoding.ASCII.GetBytes(wire + "QUIT\r\n");
        for (var first = 0; first <= wire.Length; first++)
        {
            for (var second = first; second <= wire.Length; second++)
            {
                var kept = new MailBuffer(1000);
                var decoder = new DataDecoder(kept);
                var consumed = 0;
                foreach (var piece in new[] { bytes[..first], bytes[first..second], bytes[second..] })
                    consumed += decoder.Decode(piece);

                decoder.IsDone.ShouldBeTrue();
                consumed.ShouldBe(wire.Length);
                Encoding.ASCII.GetString(kept.ToArray()).ShouldBe(mail);
            }
        }
    }

    [Test]
    public void A_mail_past_the_limit_is_read_to_its_end_and_said_to_be_too_big()
    {
        var mail = new MailBuffer(10);
        var decoder = new DataDecoder(mail);
        decoder.Decode("0123456789\r\n.\r\n"u8);
        (decoder.IsDone, mail.IsTooBig).ShouldBe((true, true));

        mail.Reset();
        decoder = new DataDecoder(mail);
        decoder.Decode("01234567\r\n.\r\n"u8);
        (decoder.IsDone, mail.IsTooBig).ShouldBe((true, false));
    }
}
