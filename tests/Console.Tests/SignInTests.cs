using System.Net;
using Npgsql;
using Persistence.Failures;
using Persistence.Keys;
using Producer.Api.Console.SignIn;
using Producer.Api.Keys;

namespace Console.Tests;

/// <summary>Who gets into the console, with what they may do.</summary>
public sealed class SignInTests
{
    private static readonly (string, string)[] Production = [("environment", "Production"), ("Api:Key", ConsoleHost.Key), ("Console:Enabled", "true")];

    private ConsoleHost _host = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _host = await ConsoleHost.StartAsync(Production);

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
    }

    [TestCase("/console")]
    [TestCase("/console/failures?status=unresolved")]
    [TestCase("/console/mails")]
    [TestCase("/console/about")]
    [TestCase("/console/nothing")]
    public async Task Nobody_sees_a_page_without_signing_in(string path)
    {
        using var visitor = new Visitor(_host);
        var seen = await visitor.GetAsync(path);
        seen.Status.ShouldBe(HttpStatusCode.Redirect);
        seen.Location.ShouldBe($"/console/sign-in?return={Uri.EscapeDataString(path)}");
        (await visitor.GetAsync("/console/live", "text/event-stream")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task Who_signs_in_goes_on_where_they_wanted_to_and_acts_under_their_name()
    {
        var (_, failure) = await _host.Store.FailAsync();
        using var visitor = new Visitor(_host);
        (await visitor.SignInAsync(ConsoleHost.Key, "ann", $"/console/failures/{failure}")).Location.ShouldBe($"/console/failures/{failure}");
        var cookie = visitor.SetCookies.Single(cookie => cookie.StartsWith($"{ConsoleAuthentication.CookieName}=", StringComparison.Ordinal));
        cookie.ShouldContain("path=/;");
        cookie.ShouldContain("secure");
        cookie.ShouldContain("httponly");
        cookie.ShouldNotContain("domain");

        (await visitor.GetAsync($"/console/failures/{failure}")).Status.ShouldBe(HttpStatusCode.OK);
        (await visitor.PostAsync($"/console/failures/{failure}/discard", ("reason", "a test"))).Location.ShouldBe($"/console/failures/{failure}?done=discarded");
        (await ActionsAsync(failure)).ShouldHaveSingleItem().Actor.ShouldBe("api-key: ann");
    }

    [Test]
    public async Task A_link_to_elsewhere_is_not_followed_after_the_sign_in()
    {
        await using var host = await ConsoleHost.StartAsync(Production);
        foreach (var elsewhere in new[] { "https://evil.example/console", "//evil.example/console", "/\\evil.example", "/emails", "" })
        {
            using var visitor = new Visitor(host);
            (await visitor.SignInAsync(ConsoleHost.Key, "ann", elsewhere)).Location.ShouldBe("/console", elsewhere);
        }
    }

    [Test]
    public async Task A_wrong_key_is_told_and_tries_are_counted()
    {
        await using var host = await ConsoleHost.StartAsync(Production);
        using var visitor = new Visitor(host);
        var seen = await visitor.SignInAsync("mk_wrong", "ann");
        seen.Status.ShouldBe(HttpStatusCode.BadRequest);
        seen.Html.ShouldContain("The key is not a valid key of this service");
        visitor.Cookies.Keys.ShouldNotContain(ConsoleAuthentication.CookieName);
        (await visitor.SignInAsync(ConsoleHost.Key, "a\u0007b")).Html.ShouldContain("Give your name");
        for (var tries = 2; tries < SignInLimit.Most; tries++)
            await visitor.PostAsync("/console/sign-in", ("key", "wrong"), ("name", "ann"));
        (await visitor.SignInAsync(ConsoleHost.Key, "ann")).Status.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [Test]
    public async Task A_key_that_reads_sees_failures_and_acts_on_none()
    {
        var secret = await MakeKeyAsync("reader", KeyScope.Read);
        var (_, failure) = await _host.Store.FailAsync();
        using var visitor = new Visitor(_host);
        await visitor.SignInAsync(secret, "bob");
        (await visitor.GetAsync("/console")).Location.ShouldBe("/console/failures");
        var list = await visitor.GetAsync("/console/failures");
        list.Status.ShouldBe(HttpStatusCode.OK);
        list.Html.ShouldNotContain(failure.ToString(), customMessage: "the failure of a mail that is not of this key");
        list.Html.ShouldNotContain("/console/audit");
        foreach (var path in new[] { "/console/flow", "/console/audit", "/console/about" })
            (await visitor.GetAsync(path)).Status.ShouldBe(HttpStatusCode.Forbidden, path);
        var refused = await visitor.PostAsync($"/console/failures/{failure}/replay");
        refused.Status.ShouldBe(HttpStatusCode.Forbidden);
        refused.Html.ShouldContain("lacks the scope &#x27;operate&#x27;");
        (await ActionsAsync(failure)).ShouldBeEmpty();
    }

    [Test]
    public async Task Once_a_key_is_revoked_the_console_closes()
    {
        var secret = await MakeKeyAsync("leaver", KeyScope.Read, KeyScope.Operate);
        using var visitor = new Visitor(_host);
        await visitor.SignInAsync(secret, "bob");
        (await visitor.GetAsync("/console/failures")).Status.ShouldBe(HttpStatusCode.OK);
        var key = (await _host.Get<KeyStore>().ListAsync()).Single(key => key.Name == "leaver");
        await _host.Get<KeyStore>().RevokeAsync(key.Id, "test");
        await _host.Get<KnownKeys>().RefreshAsync(default);
        (await visitor.GetAsync("/console/failures")).Status.ShouldBe(HttpStatusCode.Redirect);
    }

    [Test]
    public async Task Who_signs_out_is_out()
    {
        using var visitor = new Visitor(_host);
        await visitor.SignInAsync(ConsoleHost.Key, "ann");
        await visitor.GetAsync("/console/failures");
        var token = visitor.Token;
        visitor.Token = "forged";
        (await visitor.PostAsync("/console/sign-out")).Status.ShouldBe(HttpStatusCode.BadRequest);
        visitor.Token = token;
        (await visitor.PostAsync("/console/sign-out")).Location.ShouldBe("/console/sign-in");
        (await visitor.GetAsync("/console/failures")).Status.ShouldBe(HttpStatusCode.Redirect);
    }

    [Test]
    public async Task A_forged_form_does_nothing()
    {
        var (_, failure) = await _host.Store.FailAsync();
        using var ann = new Visitor(_host);
        using var eve = new Visitor(_host);
        await ann.SignInAsync(ConsoleHost.Key, "ann");
        await eve.SignInAsync(ConsoleHost.Key, "eve");
        await ann.GetAsync("/console/failures");
        await eve.GetAsync("/console/failures");
        foreach (var token in new[] { null, "", "nonsense", eve.Token })
        {
            ann.Token = token;
            var seen = await ann.PostAsync($"/console/failures/{failure}/discard", ("reason", "forged"));
            seen.Status.ShouldBe(HttpStatusCode.BadRequest, token);
            seen.Html.ShouldContain("Nothing was done");
        }

        (await ActionsAsync(failure)).ShouldBeEmpty();
    }

    [Test]
    public async Task A_session_outlives_a_restart_and_the_keys_are_not_in_the_clear()
    {
        var first = await ConsoleHost.StartAsync(Production);
        using var visitor = new Visitor(first);
        await visitor.SignInAsync(ConsoleHost.Key, "ann");
        await first.DisposeAsync();

        await using var second = await ConsoleHost.StartOnAsync(first.Database, first.Port, Production);
        using var same = new Visitor(second) { Cookies = visitor.Cookies };
        (await same.GetAsync("/console/failures")).Status.ShouldBe(HttpStatusCode.OK);
        await using var connection = new NpgsqlConnection(first.Database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT string_agg(xml, '') FROM email.protection_keys", connection);
        var xml = (string)(await command.ExecuteScalarAsync())!;
        xml.ShouldContain("<sealed");
        xml.ShouldNotContain("masterKey");

        await using var other = await ConsoleHost.StartOnAsync(first.Database, Ports.Free(), [("environment", "Production"), ("Api:Key", "another-key-0123456789"), ("Console:Enabled", "true")]);
        using var stranger = new Visitor(other) { Cookies = visitor.Cookies };
        (await stranger.GetAsync("/console/failures")).Status.ShouldBe(HttpStatusCode.Redirect);
        (await stranger.SignInAsync("another-key-0123456789", "ann")).Location.ShouldBe("/console/failures", "keys that cannot be read are replaced by a new one");
    }

    [Test]
    public async Task On_a_port_of_its_own_it_is_nowhere_else()
    {
        var port = Ports.Free();
        await using var host = await ConsoleHost.StartAsync([.. Production, ("Console:Port", $"{port}")]);
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        (await client.GetAsync(new Uri($"{host.Address}/console/sign-in"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await client.GetAsync(new Uri($"{host.Address}/health/live"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await client.GetAsync(new Uri($"http://127.0.0.1:{port}/console/sign-in"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task Outside_Development_it_is_not_there_unless_it_is_enabled()
    {
        await using var host = await ConsoleHost.StartAsync(("environment", "Production"), ("Api:Key", ConsoleHost.Key));
        using var visitor = new Visitor(host);
        foreach (var path in new[] { "/console", "/console/sign-in", "/console/assets/console.css" })
            (await visitor.GetAsync(path)).Status.ShouldBe(HttpStatusCode.NotFound, path);
    }

    private async Task<string> MakeKeyAsync(string name, params KeyScope[] scopes)
    {
        var (secret, hash) = KeySecret.Make();
        await _host.Get<KeyStore>().CreateAsync(new NewKey { Name = name, Scopes = scopes }, hash, "test");
        await _host.Get<KnownKeys>().RefreshAsync(default);
        return secret;
    }

    private async Task<IEnumerable<FailureAction>> ActionsAsync(Guid failure) => (await _host.Store.Failures.FindAsync(failure))!.Actions;
}
