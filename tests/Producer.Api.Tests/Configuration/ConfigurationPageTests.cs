using Persistence;
using Producer.Api.Configuration;
using Producer.Api.Console;
using ServiceDefaults.Kafka;

namespace Producer.Api.Tests.Configuration;

public class ConfigurationPageTests
{
    [Test]
    public void The_page_has_every_option_of_the_API_and_of_what_both_services_share_with_its_default() =>
        ((IEnumerable<string>)[
            .. ConfigurationPage.Differences<ApiOptions>(ApiOptions.Section),
            .. ConfigurationPage.Differences<ConsoleOptions>(ConsoleOptions.Section),
            .. ConfigurationPage.Differences<KafkaOptions>(KafkaOptions.Section),
            .. ConfigurationPage.Differences<DatabaseOptions>(DatabaseOptions.Section),
        ]).ShouldBeEmpty();
}
