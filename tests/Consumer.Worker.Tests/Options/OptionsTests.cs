using Consumer.Worker.Alerts;
using Consumer.Worker.Dkim;
using Consumer.Worker.Retention;
using Consumer.Worker.Scheduling;
using Consumer.Worker.Sending;
using Consumer.Worker.Smtp;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using ServiceDefaults.Configuration;
using Shouldly;

namespace Consumer.Worker.Tests.Options;

internal sealed class OptionsTests
{
    [Test]
    public void The_defaults_are_valid()
    {
        Errors<SmtpOptions>(SmtpOptions.Section).ShouldBeEmpty();
        Errors<DkimOptions>(DkimOptions.Section).ShouldBeEmpty();
        Errors<RetryOptions>(RetryOptions.Section).ShouldBeEmpty();
        Errors<ScheduleOptions>(ScheduleOptions.Section).ShouldBeEmpty();
        Errors<AlertOptions>(AlertOptions.Section).ShouldBeEmpty();
        Errors<WorkerOptions>(WorkerOptions.Section).ShouldBeEmpty();
        Errors<RetentionOptions>(RetentionOptions.Section).ShouldBeEmpty();
    }

    [Test]
    public void A_wrong_option_is_named_with_its_value_what_is_allowed_and_the_fix()
    {
        var error = Errors<SmtpOptions>("Smtp", ("Port", "70000")).ShouldHaveSingleItem();

        error.ShouldBe("Smtp:Port is \"70000\"; allowed: 1 to 65535. Use your mail server's port: 25, 587 or 465 as a rule. (environment: Smtp__Port)");
    }

    [Test]
    public void All_wrong_options_of_a_section_come_at_once() =>
        Errors<SmtpOptions>("Smtp", ("Host", ""), ("MaxConnections", "0"), ("DataTimeout", "00:00:00"), ("Password", "p")).Count.ShouldBe(4);

    [TestCase("OnlyTo", "ann@example.com, exa mple.org", "\"exa mple.org\" is neither")]
    [TestCase("OnlyTo", "Ann <ann@example.com>", "is neither")]
    [TestCase("OnlyTo", ",", "is neither")]
    [TestCase("RedirectTo", "Ann <ann@example.com>", "one address without a name")]
    [TestCase("RedirectTo", "example.com", "one address without a name")]
    [TestCase("OAuthTokenEndpoint", "ftp://example.com", "an http or https address")]
    [TestCase("OAuthClientId", "client", "with Smtp:OAuthTokenEndpoint alone")]
    [TestCase("Security", "Ssl", "None, StartTlsWhenAvailable, StartTls, Tls")]
    public void An_option_of_the_mail_server_that_is_wrong_fails_the_start(string key, string value, string allowed) =>
        Errors<SmtpOptions>("Smtp", (key, value)).ShouldContain(error => error.StartsWith($"Smtp:{key} is \"{value}\"; allowed:", StringComparison.Ordinal) && error.Contains(allowed, StringComparison.Ordinal));

    [Test]
    public void A_token_takes_the_place_of_a_password()
    {
        (string, string)[] oauth = [("OAuthTokenEndpoint", "https://id.example.com/token"), ("OAuthClientId", "client"), ("OAuthClientSecret", "secret"), ("Username", "mail@example.com")];
        Errors<SmtpOptions>("Smtp", oauth).ShouldBeEmpty();
        Errors<SmtpOptions>("Smtp", [.. oauth, ("Password", "p")]).ShouldHaveSingleItem().ShouldStartWith("Smtp:Password is (hidden); allowed: one of");
        Errors<SmtpOptions>("Smtp", [.. oauth.Except([oauth[3]])]).ShouldHaveSingleItem().ShouldStartWith("Smtp:Username is not set");
        Errors<SmtpOptions>("Smtp", [.. oauth.Except([oauth[2]])]).ShouldHaveSingleItem().ShouldStartWith("Smtp:OAuthClientSecret is not set");
    }

    [Test]
    public void A_key_that_is_incomplete_fails_the_start_with_one_line() =>
        Errors<DkimOptions>("Dkim", ("Keys:shop:Domain", "example.com"), ("Keys:shop:Selector", "mail")).ShouldHaveSingleItem()
            .ShouldBe("Dkim:Keys:shop is set; allowed: a key with Domain, Selector, KeyFile, and KeyFile is missing. Set Dkim:Keys:shop:KeyFile. (environment: Dkim__Keys__shop)");

    [Test]
    public void A_webhook_is_a_secret_even_where_it_is_wrong() =>
        Errors<AlertOptions>("Alerts", ("SlackWebhookUrl", "hooks.slack.com/T0/secret")).ShouldHaveSingleItem().ShouldNotContain("secret");

    [TestCase("1s,2s,4s,8s", 1000, 2000, 4000, 8000)]
    [TestCase(" 100ms , 2m", 100, 120_000)]
    [TestCase("")]
    public void Redelivery_intervals_are_read(string text, params int[] milliseconds) =>
        new RetryOptions { RedeliveryIntervals = text }.Redeliveries().ShouldBe(milliseconds.Select(ms => TimeSpan.FromMilliseconds(ms)));

    [TestCase("1")]
    [TestCase("s")]
    [TestCase("-1s")]
    [TestCase("10ms")]
    [TestCase("8d")]
    [TestCase("99999999999s")]
    public void Redelivery_intervals_that_cannot_be_read_fail_the_start(string text) =>
        Errors<RetryOptions>("Retry", ("RedeliveryIntervals", text)).ShouldHaveSingleItem().ShouldContain($"\"{text}\"");

    private static IReadOnlyList<string> Errors<T>(string section, params (string Key, string Value)[] values)
        where T : class
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(values.Select(value => KeyValuePair.Create($"{section}:{value.Key}", (string?)value.Value))).Build();
        using var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddSection<T>(section).BuildServiceProvider();
        try
        {
            _ = services.GetRequiredService<IOptions<T>>().Value;
            return [];
        }
        catch (OptionsValidationException exception)
        {
            return [.. exception.Failures];
        }
    }
}
