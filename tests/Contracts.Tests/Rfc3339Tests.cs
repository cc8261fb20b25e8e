namespace Contracts.Tests;

public class Rfc3339Tests
{
    [TestCase("2030-01-31T08:00:00Z")]
    [TestCase("2030-01-31T08:00Z")]
    [TestCase("2030-01-31t08:00:00z")]
    [TestCase("2030-01-31T09:00:00+01:00")]
    [TestCase("2030-01-31T03:30:00-04:30")]
    [TestCase("2030-01-31T08:00:00-00:00")]
    [TestCase("2030-01-31T08:00:00.0Z")]
    [TestCase("2030-01-31T08:00:00.000000000Z")]
    [TestCase("2030-01-31T08:00:00.000000099z")]
    public void A_time_is_read_as_other_languages_write_it(string text)
    {
        Rfc3339.TryParse(text, out var time).ShouldBeTrue();
        time.ShouldBe(new DateTimeOffset(2030, 1, 31, 8, 0, 0, TimeSpan.Zero));
        time.Offset.ShouldBe(TimeSpan.Zero);
    }

    [Test]
    public void Of_nine_digits_the_first_seven_are_kept()
    {
        Rfc3339.TryParse("2030-01-31T08:00:00.123456789Z", out var time).ShouldBeTrue();
        Rfc3339.Write(time).ShouldBe("2030-01-31T08:00:00.1234567Z");
    }

    [TestCase("")]
    [TestCase("now")]
    [TestCase("2030-01-31")]
    [TestCase("2030-01-31T08:00:00")]
    [TestCase("2030-01-31 08:00:00Z")]
    [TestCase("2030-01-31T08:00:00 01:00")]
    [TestCase("2030-01-31T08:00:00+0100")]
    [TestCase("2030-01-31T08:00:00.Z")]
    [TestCase("2030-01-31T08:00.5Z")]
    [TestCase("2030-01-31T08:00:00.1234567890Z")]
    [TestCase("2030-01-31T24:00:00Z")]
    [TestCase("2030-02-30T08:00:00Z")]
    [TestCase("0001-01-01T00:00:00+01:00")]
    [TestCase("9999-12-31T23:59:59-01:00")]
    [TestCase("２030-01-31T08:00:00Z")]
    [TestCase("2030-01-31T08:00:00Z\n")]
    public void Anything_else_is_refused(string text) => Rfc3339.TryParse(text, out _).ShouldBeFalse();
}
