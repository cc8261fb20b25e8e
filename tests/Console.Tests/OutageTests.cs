using System.Net;

namespace Console.Tests;

/// <summary>Pages while something is away.</summary>
public sealed class OutageTests
{
    [Test]
    public async Task Without_Postgres_a_page_says_so_and_mails_are_accepted()
    {
        await using var host = await ConsoleHost.StartWithoutPostgresAsync();
        using var visitor = new Visitor(host);
        foreach (var path in new[] { "/console", "/console/failures", "/console/sign-in" })
        {
            var seen = await visitor.GetAsync(path);
            seen.Status.ShouldBe(HttpStatusCode.ServiceUnavailable, path);
            seen.Html.ShouldContain("Postgres does not respond");
            seen.Html.ShouldContain("<link rel=\"stylesheet\"");
            seen.Policy.ShouldNotBeNull();
        }

        (await visitor.GetAsync("/console/assets/console.css")).Status.ShouldBe(HttpStatusCode.OK);
        using var client = host.Client();
        using var mail = new StringContent("""{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t"}""", System.Text.Encoding.UTF8, "application/json");
        (await client.PostAsync(new Uri("/emails", UriKind.Relative), mail)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Test]
    public async Task Without_Kafka_what_it_has_is_said_to_be_missing_and_the_rest_is_shown()
    {
        await using var host = await ConsoleHost.StartAsync(("Kafka:BootstrapServers", "127.0.0.1:1"), ("Api:StatsTimeout", "00:00:01"));
        await host.Store.FailAsync();
        using var visitor = new Visitor(host);
        var overview = await visitor.GetAsync("/console");
        overview.Status.ShouldBe(HttpStatusCode.OK);
        overview.Html.ShouldContain("unread could not be read");
        overview.Html.ShouldContain("not known");
        // Kafka's client may say so itself, before the time is over.
        overview.Html.ShouldMatch(@"\(Api:StatsTimeout\)|Kafka: ");
        (await visitor.GetAsync("/console/flow")).Html.ShouldMatch("Kafka did not respond within|Kafka: ");
    }

    [Test]
    public async Task What_it_is_itself_is_told_without_secrets()
    {
        await using var host = await ConsoleHost.StartAsync(("environment", "Production"), ("Api:Key", ConsoleHost.Key), ("Console:Enabled", "true"), ("Api:IdSecret", "the-secret-of-the-ids"));
        using var visitor = new Visitor(host);
        await visitor.SignInAsync(ConsoleHost.Key, "ann");
        var about = await visitor.GetAsync("/console/about");
        about.Html.ShouldContain("Api:AcceptTimeout");
        about.Html.ShouldContain("as this version needs it");
        about.Html.ShouldNotContain(ConsoleHost.Key);
        about.Html.ShouldNotContain("the-secret-of-the-ids");
        about.Html.ShouldNotContain("Password=");
    }
}
