using Consumer.Worker.Alerts;
using Consumer.Worker.Sending;
using Consumer.Worker.Options;
using Consumer.Worker.Scheduling;
using Consumer.Worker.Smtp;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Options;

internal sealed class OptionsTests
{
    [Test]
    public void The_defaults_are_valid()
    {
        Failures(new SmtpOptions(), "Smtp").ShouldBeEmpty();
        Failures(new RetryOptions(), "Retry").ShouldBeEmpty();
        Failures(new ScheduleOptions(), "Schedule").ShouldBeEmpty();
        Failures(new AlertOptions(), "Alerts").ShouldBeEmpty();
        Failures(new WorkerOptions(), "Worker").ShouldBeEmpty();
    }

    [Test]
    public void A_wrong_option_is_named_with_its_value_what_is_allowed_and_the_fix()
    {
        var failure = Failures(new SmtpOptions { Port = 70000 }, "Smtp").ShouldHaveSingleItem();

        failure.ShouldBe("Smtp:Port is \"70000\"; allowed: 1 to 65535. Use your mail server's port: 25, 587 or 465 as a rule. (environment: Smtp__Port)");
    }

    [Test]
    public void All_wrong_options_of_a_section_come_at_once() =>
        Failures(new SmtpOptions { Host = "", MaxConnections = 0, DataTimeout = TimeSpan.Zero, Password = "p" }, "Smtp").Count.ShouldBe(4);

    [Test]
    public void A_webhook_is_a_secret_even_where_it_is_wrong() =>
        Failures(new AlertOptions { SlackWebhookUrl = "hooks.slack.com/T0/secret" }, "Alerts").ShouldHaveSingleItem().ShouldNotContain("secret");

    [TestCase("1s,2s,4s,8s", 1000, 2000, 4000, 8000)]
    [TestCase(" 100ms , 2m", 100, 120_000)]
    [TestCase("")]
    public void Redelivery_intervals_are_read(string text, params int[] milliseconds) =>
        new RetryOptions { RedeliveryIntervals = text }.Redeliveries().ShouldBe(milliseconds.Select(ms => TimeSpan.FromMilliseconds(ms)));

    [TestCase("")]
    [TestCase("30s,2x")]
    public void Tiers_that_are_none_fail_the_start(string text) =>
        Failures(new ScheduleOptions { Tiers = text }, "Schedule").ShouldHaveSingleItem().ShouldContain("at least one");

    [TestCase("1")]
    [TestCase("s")]
    [TestCase("-1s")]
    [TestCase("10ms")]
    [TestCase("8d")]
    [TestCase("99999999999s")]
    public void Redelivery_intervals_that_are_none_fail_the_start(string text) =>
        Failures(new RetryOptions { RedeliveryIntervals = text }, "Retry").ShouldHaveSingleItem().ShouldContain($"\"{text}\"");

    private static List<string> Failures<T>(T options, string section)
        where T : class => [.. new AnnotatedOptionsValidator<T>(section).Validate(null, options).Failures ?? []];
}
