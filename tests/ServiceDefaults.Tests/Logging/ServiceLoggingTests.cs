using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using ServiceDefaults.Logging;
using Shouldly;

namespace ServiceDefaults.Tests.Logging;

public sealed class ServiceLoggingTests
{
    [Test]
    public void Outside_Development_a_line_is_JSON_with_UTC_time_and_scopes()
    {
        using var services = Services("Production");

        services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName.ShouldBe("json");
        var json = services.GetRequiredService<IOptions<JsonConsoleFormatterOptions>>().Value;
        (json.UseUtcTimestamp, json.IncludeScopes).ShouldBe((true, true));
        DateTimeOffset.Parse(DateTime.UtcNow.ToString(json.TimestampFormat, System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture).Offset.ShouldBe(TimeSpan.Zero);
    }

    [Test]
    public void In_Development_it_is_text()
    {
        using var services = Services("Development");

        services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName.ShouldBe("simple");
    }

    [Test]
    public void Configuration_overrides_form_and_levels()
    {
        using var services = Services("Production", "--Logging:Console:FormatterName=systemd", "--Logging:LogLevel:MassTransit.ReceiveTransport=Warning");

        services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName.ShouldBe("systemd");
        Logger(services, "MassTransit.ReceiveTransport").IsEnabled(LogLevel.Warning).ShouldBeTrue();
    }

    [TestCase("MassTransit.ReceiveTransport", false)]
    [TestCase("Microsoft.Extensions.Diagnostics.HealthChecks.DefaultHealthCheckService", false)]
    [TestCase("MassTransit.Kafka.email.send", true)]
    [TestCase("Consumer.Worker.Sending.ClaimFilter", true)]
    public void Categories_that_repeat_what_others_say_are_silent(string category, bool heard)
    {
        using var services = Services("Production");

        Logger(services, category).IsEnabled(LogLevel.Critical).ShouldBe(heard);
    }

    private static ILogger Logger(IServiceProvider services, string category) => services.GetRequiredService<ILoggerFactory>().CreateLogger(category);

    private static ServiceProvider Services(string environment, params string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment, Args = args });
        builder.AddServiceLogging();
        return builder.Services.BuildServiceProvider();
    }
}
