namespace MailSink.Tests;

public sealed class ConfigurationPageTests
{
    [Test]
    public void The_page_has_every_option_of_the_sink_with_its_default() =>
        ConfigurationPage.Differences<SinkOptions>(SinkOptions.Section).ShouldBeEmpty();
}
