using Consumer.Worker.Smtp;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

internal sealed class SmtpReplyTests
{
    [Test]
    public void Codes_and_words_are_taken_apart() =>
        SmtpReply.Parse(550, "5.1.1 No such user").ShouldBe(new SmtpReply(550, "5.1.1", "No such user"));

    [Test]
    public void A_reply_without_an_enhanced_code_has_none() =>
        SmtpReply.Parse(451, "3.5 apples short").ShouldBe(new SmtpReply(451, null, "3.5 apples short"));

    [Test]
    public void Several_lines_and_control_characters_become_one_line() =>
        SmtpReply.Parse(451, "4.3.0 one\r\ntwo\u001b[31m").Text.ShouldBe("one  two [31m");

    [Test]
    public void What_a_server_says_at_length_is_cut() =>
        SmtpReply.Parse(451, new string('x', 10_000)).Text.Length.ShouldBe(SmtpReply.MaxTextLength);
}
