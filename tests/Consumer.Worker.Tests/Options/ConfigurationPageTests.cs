using Consumer.Worker.Alerts;
using Consumer.Worker.Sending;
using Consumer.Worker.Retention;
using Consumer.Worker.Scheduling;
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
            .. ConfigurationPage.Faults<SmtpOptions>(SmtpOptions.Section),
            .. ConfigurationPage.Faults<RetryOptions>(RetryOptions.Section),
            .. ConfigurationPage.Faults<ScheduleOptions>(ScheduleOptions.Section),
            .. ConfigurationPage.Faults<AlertOptions>(AlertOptions.Section),
            .. ConfigurationPage.Faults<WorkerOptions>(WorkerOptions.Section),
            .. ConfigurationPage.Faults<RetentionOptions>(RetentionOptions.Section),
        ]).ShouldBeEmpty();
}
