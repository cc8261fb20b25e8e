using System.Net;
using Microsoft.Extensions.Time.Testing;
using Producer.Api.Keys;

namespace Producer.Api.Tests.Keys;

public class KeyRateTests
{
    [TestCase("10/s", 10, 1)]
    [TestCase("600/m", 600, 60)]
    [TestCase("999999999/h", 999_999_999, 3600)]
    public void A_rate_is_a_number_and_a_unit(string text, int count, int seconds) => KeyRate.TryRead(text).ShouldBe(new KeyRate(count, TimeSpan.FromSeconds(seconds)));

    [TestCase("")]
    [TestCase("10")]
    [TestCase("0/s")]
    [TestCase("010/s")]
    [TestCase("-1/s")]
    [TestCase("1000000000/s")]
    [TestCase("10/d")]
    [TestCase("10/s/s")]
    public void Anything_else_is_none(string text) => KeyRate.TryRead(text).ShouldBeNull();

    [Test]
    public void A_window_gives_its_number_and_the_next_one_again()
    {
        var timeProvider = new FakeTimeProvider();
        var window = new RateWindow(new KeyRate(2, TimeSpan.FromSeconds(10)), timeProvider);

        window.Take().ShouldBe(new RateUse(IsAllowed: true, Remaining: 1, TimeSpan.FromSeconds(10)));
        timeProvider.Advance(TimeSpan.FromSeconds(3.5));
        window.Take().ShouldBe(new RateUse(IsAllowed: true, Remaining: 0, TimeSpan.FromSeconds(6.5)));
        var refused = window.Take();
        refused.ShouldBe(new RateUse(IsAllowed: false, Remaining: 0, TimeSpan.FromSeconds(6.5)));
        refused.ResetSeconds.ShouldBe(7);
        timeProvider.Advance(TimeSpan.FromSeconds(6.5));
        window.Take().ShouldBe(new RateUse(IsAllowed: true, Remaining: 1, TimeSpan.FromSeconds(10)));
    }

    [Test]
    public async Task A_key_s_requests_are_counted_told_and_refused_where_they_are_too_many()
    {
        await using var api = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", ApiKeys.First));
        var (_, limited) = await api.MakeAsync("send", ""","rate":"2/h" """);
        var (_, free) = await api.MakeAsync("send");

        var first = await api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", limited));
        first.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        Header(first, "ratelimit-limit").ShouldBe("2");
        Header(first, "ratelimit-remaining").ShouldBe("1");
        int.Parse(Header(first, "ratelimit-reset")!, System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(3_590, 3_600);
        // What it may not do counts as well.
        (await api.GetAsync("/stats", ("X-Api-Key", limited))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        var refused = await api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", limited));
        await refused.ProblemAsync(429, "rate_limit_exceeded");
        Header(refused, "ratelimit-remaining").ShouldBe("0");
        Header(refused, "Retry-After").ShouldBe(Header(refused, "ratelimit-reset"));
        api.Queue.Mails.Count.ShouldBe(1);

        // Read again, the key is counted on.
        await api.Get<KnownKeys>().RefreshAsync(default);
        (await api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", limited))).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        var other = await api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", free));
        other.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        Header(other, "ratelimit-limit").ShouldBeNull();
    }

    [Test]
    public async Task A_response_that_an_exception_makes_tells_them_as_well()
    {
        await using var api = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", ApiKeys.First));
        var (_, limited) = await api.MakeAsync("send", ""","rate":"2/h" """);
        api.Queue.Before = _ => throw new InvalidOperationException("The queue is broken.");

        var failed = await api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", limited));

        await failed.ProblemAsync(500, "internal_error");
        (Header(failed, "ratelimit-limit"), Header(failed, "ratelimit-remaining")).ShouldBe(("2", "1"));
        Header(failed, "ratelimit-reset").ShouldNotBeNull();
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.Single() : null;
}
