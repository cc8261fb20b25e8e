using Consumer.Worker.Alerts;
using Consumer.Worker.Dkim;
using Consumer.Worker.Retention;
using Consumer.Worker.Scheduling;
using Consumer.Worker.Sending;
using Consumer.Worker.Smtp;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Options;

internal sealed class ConfigurationPageTests
{
    [Test]
    public void The_page_has_every_option_of_the_worker_with_its_default() =>
        ((IEnumerable<string>)[
            .. ConfigurationPage.Differences<SmtpOptions>(SmtpOptions.Section),
            .. ConfigurationPage.Differences<DkimOptions>(DkimOptions.Section),
            .. ConfigurationPage.Differences<RetryOptions>(RetryOptions.Section),
            .. ConfigurationPage.Differences<ScheduleOptions>(ScheduleOptions.Section),
            .. ConfigurationPage.Differences<AlertOptions>(AlertOptions.Section),
            .. ConfigurationPage.Differences<WorkerOptions>(WorkerOptions.Section),
            .. ConfigurationPage.Differences<RetentionOptions>(RetentionOptions.Section),
        ]).ShouldBeEmpty();
}
