using Contracts.Validation;

namespace Contracts.Tests.Validation;

public class CalendarRulesTests
{
    private const string Invitation = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    [TestCase(Invitation, "REQUEST")]
    [TestCase("begin:vcalendar\nmethod:cancel\nend:vcalendar", "cancel")]
    [TestCase("BEGIN:VCALENDAR\rMETHOD: REPLY \rEND:VCALENDAR", "REPLY")]
    public void The_method_is_the_calendar_s_own(string calendar, string method)
    {
        CalendarRules.MethodOf(calendar).ShouldBe(method);
        SendEmailValidator.Validate(Mails.Valid with { Calendar = calendar }).ShouldBeEmpty();
    }

    [TestCase("")]
    [TestCase("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR")]
    [TestCase("BEGIN:VCALENDAR\nMETHOD:\nEND:VCALENDAR")]
    [TestCase("BEGIN:VCALENDAR\nMETHOD:REQUEST")]
    [TestCase("METHOD:REQUEST\nBEGIN:VCALENDAR\nEND:VCALENDAR")]
    [TestCase("BEGIN:VCALENDAR\nMETHOD:REQUEST\nMETHOD:CANCEL\nEND:VCALENDAR")]
    [TestCase("BEGIN:VCALENDAR\nBEGIN:VEVENT\nMETHOD:REQUEST\nEND:VEVENT\nEND:VCALENDAR")]
    [TestCase("BEGIN:VCALENDAR\nMETHOD:REQUEST;x=y\nEND:VCALENDAR")]
    [TestCase("BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR")]
    [TestCase("Hello\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR")]
    public void What_is_not_one_calendar_with_one_method_is_refused(string calendar) =>
        SendEmailValidator.Validate(Mails.Valid with { Calendar = calendar }).Select(e => $"{e.Path}: {e.Code}").ShouldBe(["calendar: invalid_calendar"]);

    [Test]
    public void Another_calendar_is_another_mail_and_a_mail_without_one_has_the_bytes_that_it_always_had()
    {
        var plain = SendEmailJson.Serialize(Mails.Valid);
        var invited = SendEmailJson.Serialize(Mails.Valid with { Calendar = Invitation });

        invited.ShouldNotBe(plain);
        SendEmailJson.Serialize(Mails.Valid with { Calendar = Invitation.Replace("UID:1", "UID:2", StringComparison.Ordinal) }).ShouldNotBe(invited);
        SendEmailJson.Deserialize(invited).Calendar.ShouldBe(Invitation);
        System.Text.Encoding.UTF8.GetString(plain).ShouldBe("""{"from":"ann@example.com","to":["bob@example.com"],"subject":"Hello","text":"Good morning"}""");
        SendEmailJson.Deserialize("""{"from":"a@x.org","calendar":null}"""u8).Calendar.ShouldBeNull();
    }
}
