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
    public void Relays_and_their_routes_are_read()
    {
        (string, string)[] routed =
        [
            ("Relays:Bulk:Host", "bulk.example.com"), ("Relays:bulk:Rate", "14/s"), ("Relays:news:Host", "news.example.com"),
            ("Routes:2:Tag", "campaign:spring"), ("Routes:2:Relay", "BULK"), ("Routes:10:SenderDomain", "bücher.example"), ("Routes:10:Relay", "news"), ("Routes:10:SecondRelay", "default"),
            ("Routes:11:Relay", "default"), ("Routes:11:SecondRelay", "news"),
        ];
        Errors<SmtpOptions>("Smtp", routed).ShouldBeEmpty();
    }

    [TestCase("Relays:bulk:Port", "70000", "Smtp:Relays:bulk:Port is \"70000\"; allowed: 1 to 65535.", "(environment: Smtp__Relays__bulk__Port)")]
    [TestCase("Relays:bulk:Prot", "25", "Smtp:Relays:bulk:Prot is \"25\", but Smtp:Relays:bulk has no such key; allowed: ", "Port")]
    [TestCase("Relays:bulk:OnlyTo", "example.com", "Smtp:Relays:bulk:OnlyTo is set, but Smtp:Relays:bulk has no such key", "")]
    [TestCase("Relays:bulk:Password", "p", "Smtp:Relays:bulk:Username is not set; allowed: a login where there is a password.", "remove Smtp:Relays:bulk:Password")]
    [TestCase("Relays:news:Port", "25", "Smtp:Relays:news:Host is not set", "Name the mail server that takes your mails.")]
    [TestCase("Relays:news", "news.example.com", "Smtp:Relays:news is set; allowed: a section with keys of its own", "")]
    [TestCase("Relays", "news.example.com", "Smtp:Relays is ", "allowed: sections with names of their own")]
    [TestCase("Relays:Default:Host", "mx.example.com", "Smtp:Relays:Default is set; allowed: any other name.", "default is the relay that Smtp:Host")]
    [TestCase("Relays:a b:Host", "mx.example.com", "Smtp:Relays:a b is set; allowed: names of up to 40 letters", "")]
    [TestCase("Routes:1:Relay", "bulc", "Smtp:Routes:1:Relay is set; allowed: default, bulk.", "There is no relay \"bulc\"")]
    [TestCase("Routes:1:SenderDomain", "example.org", "Smtp:Routes:1:Relay is not set", "Name the relay")]
    [TestCase("Routes:0:SecondRelay", "Bulk", "Smtp:Routes:0:SecondRelay is set; allowed: another relay than bulk", "")]
    [TestCase("Routes:0:SecondRelay", "other", "Smtp:Routes:0:SecondRelay is set; allowed: default, bulk.", "There is no relay \"other\"")]
    [TestCase("Routes:0:SenderDomain", "ann@example.org", "Smtp:Routes:0:SenderDomain is set; allowed: a domain.", "\"ann@example.org\" is not one")]
    [TestCase("Routes:7:Relay", "default", "Smtp:Routes:7:Relay is set; allowed: behind routes that leave some of its mails.", "lower number")]
    public void A_relay_or_a_route_that_is_wrong_fails_the_start_with_its_key_and_what_is_allowed(string key, string value, string says, string fix)
    {
        (string Key, string Value)[] rest = [("Relays:bulk:Host", "bulk.example.com"), ("Routes:0:Relay", "bulk"), ("Routes:0:SenderDomain", "example.org"), ("Routes:6:Relay", "bulk")];
        if (key == "Relays")
            rest = [];
        else if (key.StartsWith("Routes:1:", StringComparison.Ordinal))
            rest = rest[..3];
        Errors<SmtpOptions>("Smtp", [.. rest.Where(one => one.Key != key), (key, value)])
            .ShouldContain(error => error.StartsWith(says, StringComparison.Ordinal) && error.Contains(fix, StringComparison.Ordinal));
    }

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
    public void A_text_where_keys_belong_fails_the_start() =>
        Errors<DkimOptions>("Dkim", ("Keys", "shop.pem")).ShouldHaveSingleItem().ShouldStartWith("Dkim:Keys is \"shop.pem\"; allowed: sections with names of their own.");

    [Test]
    public void A_webhook_is_a_secret_even_where_it_is_wrong() =>
        Errors<AlertOptions>("Alerts", ("SlackWebhookUrl", "hooks.slack.com/T0/secret")).ShouldHaveSingleItem().ShouldNotContain("secret");

    [TestCase("TeamsWebhookUrl", "example.com/secret", "TeamsWebhookUrl is (hidden)")]
    [TestCase("AlertmanagerUrl", "alertmanager:9093", "AlertmanagerUrl is \"alertmanager:9093\"")]
    [TestCase("AlertmanagerUrl", "http://alertmanager:9093/?x=1", "AlertmanagerUrl is \"http://alertmanager:9093/?x=1\"; allowed: an http or https address without ? and #")]
    [TestCase("PublicUrl", "https://example.com/#x", "PublicUrl is")]
    [TestCase("WebhookUrl", "https://example.com/hook", "WebhookSecret is not set")]
    [TestCase("WebhookSecret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "WebhookUrl is not set")]
    [TestCase("EmailTo", "ops@example.com", "EmailFrom is not set")]
    [TestCase("EmailFrom", "alerts@example.com", "EmailTo is not set")]
    [TestCase("Environment", "012345678901234567890123456789012345678901234567890", "Environment is")]
    [TestCase("GiveUpAfter", "00:00:30", "GiveUpAfter is")]
    [TestCase("QuietAfter", "00:00:00", "QuietAfter is")]
    public void A_wrong_option_of_alerts_fails_the_start_with_one_line(string key, string value, string error) =>
        Errors<AlertOptions>("Alerts", (key, value)).ShouldHaveSingleItem().ShouldStartWith($"Alerts:{error}");

    [TestCase("whsec_short")]
    [TestCase("whsec_QUJD")]
    [TestCase("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    public void A_webhooks_secret_of_another_form_fails_the_start_and_is_not_shown(string secret)
    {
        var error = Errors<AlertOptions>("Alerts", ("WebhookUrl", "https://example.com/hook"), ("WebhookSecret", secret)).ShouldHaveSingleItem();
        error.ShouldStartWith("Alerts:WebhookSecret is (hidden); allowed: whsec_");
        error.ShouldNotContain(secret);
    }

    [TestCase("ops@example.com, ann@example.com", true)]
    [TestCase("ops", false)]
    [TestCase(",", false)]
    [TestCase("Ops <ops@example.com>", false)]
    public void Who_gets_alerts_by_e_mail_is_a_list_of_addresses(string to, bool allowed) =>
        Errors<AlertOptions>("Alerts", ("EmailTo", to), ("EmailFrom", "alerts@example.com")).Count.ShouldBe(allowed ? 0 : 1);

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
