using NUnit.Framework;
using Persistence.Mails;
using Persistence.Text;
using Shouldly;

namespace Persistence.Tests.Text;

public sealed class TextTests
{
    [Test]
    public void Enums_are_snake_case_words_and_come_back()
    {
        OutboxKind.DeadLetter.ToText().ShouldBe("dead_letter");
        EnumText.Parse<OutboxKind>("dead_letter").ShouldBe(OutboxKind.DeadLetter);
        EnumText.All<MailState>().ShouldBe(["scheduled", "queued", "sending", "sent", "dead", "canceled", "discarded", "held"]);
    }

    [TestCase(null)]
    [TestCase("DeadLetter")]
    [TestCase("")]
    public void A_foreign_word_is_no_value(string? word) => EnumText.Parse<OutboxKind>(word).ShouldBeNull();

    [Test]
    public void A_foreign_word_in_the_database_names_itself_and_the_known_ones() =>
        Should.Throw<FormatException>(() => EnumText.Require<OutboxKind>("gone")).Message.ShouldContain("valid are redelivery, dead_letter");

    [Test]
    public void Only_what_Postgres_does_not_take_is_replaced()
    {
        PostgresText.Clean("plain").ShouldBe("plain");
        PostgresText.Clean("a\0b").ShouldBe("a\ufffdb");
        PostgresText.Clean("\ud83d\ude00").ShouldBe("\ud83d\ude00");
        PostgresText.Clean("\ud83d").ShouldBe("\ufffd");
        PostgresText.Clean("x\ude00y").ShouldBe("x\ufffdy");
    }

    [Test]
    public void A_cut_through_a_surrogate_pair_leaves_no_half() => PostgresText.CleanAndCut("a\ud83d\ude00", 2).ShouldBe("a\ufffd");
}
