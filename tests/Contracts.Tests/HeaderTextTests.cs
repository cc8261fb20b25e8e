using System.Text;

namespace Contracts.Tests;

public class HeaderTextTests
{
    [Test]
    public void What_is_written_is_read_back()
    {
        var (id, time) = (Guid.NewGuid(), new DateTimeOffset(2030, 1, 31, 9, 0, 0, TimeSpan.FromHours(1)));

        HeaderText.Of("ünïcode").AsText().ShouldBe("ünïcode");
        HeaderText.Of(id).AsId().ShouldBe(id);
        HeaderText.Of(7).AsNumber().ShouldBe(7);
        HeaderText.Of(long.MaxValue).AsLong().ShouldBe(long.MaxValue);
        HeaderText.Of(time).AsTime().ShouldBe(time);
        HeaderText.Of(time.ToUnixTimeMilliseconds()).AsUnixTime().ShouldBe(time);
    }

    [TestCase("")]
    [TestCase("-1")]
    [TestCase("1.0")]
    [TestCase(" 1")]
    [TestCase("99999999999999999999")]
    [TestCase("a")]
    public void What_is_not_a_number_is_absent(string text)
    {
        var value = Encoding.UTF8.GetBytes(text);

        value.AsNumber().ShouldBeNull();
        value.AsLong().ShouldBeNull();
        value.AsUnixTime().ShouldBeNull();
    }

    [Test]
    public void Numbers_are_bounded_so_that_one_more_fits_and_times_so_that_they_exist()
    {
        HeaderText.Of(int.MaxValue).AsNumber().ShouldBeNull();
        HeaderText.Of(int.MaxValue - 1).AsNumber().ShouldBe(int.MaxValue - 1);
        HeaderText.Of(long.MaxValue).AsUnixTime().ShouldBeNull();
    }

    [Test]
    public void Bytes_that_are_not_text_and_headers_without_a_value_never_throw()
    {
        byte[]? none = null;

        new byte[] { 0xFF, 0xFE }.AsId().ShouldBeNull();
        new byte[] { 0xFF, 0xFE }.AsTime().ShouldBeNull();
        none.AsText().ShouldBeNull();
        none.AsId().ShouldBeNull();
        none.AsNumber().ShouldBeNull();
        none.AsTime().ShouldBeNull();
    }

    [Test]
    public void Of_a_name_that_repeats_the_last_header_counts()
    {
        RecordHeader[] headers = [new("Mail-Epoch", 1), new("Mail-Epoch", 2), new("mail-epoch", 3)];

        headers.Last("Mail-Epoch").AsNumber().ShouldBe(2);
        headers.Last("Other").ShouldBeNull();
    }

    [TestCase(HeaderNames.MessageId, true)]
    [TestCase(HeaderNames.RedeliveryCount, true)]
    [TestCase(HeaderNames.FaultConflict, true)]
    [TestCase(HeaderNames.OriginalTopic, true)]
    [TestCase("MT-Delay-Due", true)]
    [TestCase("traceparent", false)]
    public void What_tells_of_one_delivery_is_not_sent_again(string name, bool dropped) => HeaderNames.IsOfOneDelivery(name).ShouldBe(dropped);
}
