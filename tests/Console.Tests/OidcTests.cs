using System.Net;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Microsoft.Playwright;

namespace Console.Tests;

/// <summary>Sign-in with an OpenID Connect provider, which runs in this process.</summary>
public sealed class OidcTests
{
    private OidcProvider _provider = null!;
    private ConsoleHost _host = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _provider = await OidcProvider.StartAsync();
        _host = await ConsoleHost.StartAsync(
            ("environment", "Production"), ("Api:Key", ConsoleHost.Key), ("Console:Enabled", "true"), ("Console:OidcAuthority", _provider.Address), ("Console:OidcClientId", OidcProvider.Client),
            ("Console:OidcClientSecret", OidcProvider.Secret));
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [SetUp]
    public void SetUp() => (_provider.Roles, _provider.SignedBy, _provider.Email) = ([], null, "ann@example.com");

    [Test]
    public async Task An_operator_signs_in_with_a_browser_and_acts_under_their_own_name()
    {
        _provider.Roles = ["mail-operator", "mail-content", "something-else"];
        var (_, failure) = await _host.Store.FailAsync();
        await using var context = await Chromium.OpenAsync();
        var sight = await Sight.OpenAsync(context);
        await sight.GoAsync($"{_host.Address}/console/failures/{failure}");
        (await sight.FlawsAsync()).ShouldBeEmpty();
        await sight.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Sign in with" }).ClickAsync();
        await Assertions.Expect(sight.Page).ToHaveURLAsync($"{_host.Address}/console/failures/{failure}");
        await sight.Page.GetByLabel("Reason", new PageGetByLabelOptions { Exact = true }).FillAsync("a test");
        await sight.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Discard" }).ClickAsync();
        await Assertions.Expect(sight.Page.Locator(".notice.good")).ToContainTextAsync("discarded");
        (await _host.Store.Failures.FindAsync(failure))!.Actions.ShouldHaveSingleItem().Actor.ShouldBe("ann@example.com");
        sight.ShouldBeQuiet("sign-in");
    }

    [Test]
    public async Task A_reader_sees_all_but_acts_on_nothing_and_sees_no_content()
    {
        _provider.Roles = ["mail-reader"];
        var (_, failure) = await _host.Store.FailAsync("""{"from":"a@example.com","to":["b@example.com"],"subject":"s","text":"what is in it","html":"<p>in it</p>"}"""u8.ToArray());
        using var visitor = new Visitor(_host);
        (await SignInAsync(visitor)).Location.ShouldBe("/console");
        (await visitor.GetAsync("/console")).Status.ShouldBe(HttpStatusCode.OK);
        var page = await visitor.GetAsync($"/console/failures/{failure}?view=raw");
        page.Html.ShouldContain("that is a role of its own");
        page.Html.ShouldNotContain("in it</");
        page.Html.ShouldNotContain("what is in it");
        page.Html.ShouldNotContain("/replay\"");
        (await visitor.GetAsync($"/console/failures/{failure}/html")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await visitor.PostAsync($"/console/failures/{failure}/replay")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await _host.Store.Failures.FindAsync(failure))!.Actions.ShouldBeEmpty();
    }

    [Test]
    public async Task Without_a_role_of_the_console_nobody_gets_in()
    {
        foreach (var roles in new string[][] { [], ["admin"], ["mail-content"] })
        {
            _provider.Roles = roles;
            using var visitor = new Visitor(_host);
            var seen = await SignInAsync(visitor);
            seen.Status.ShouldBe(HttpStatusCode.Forbidden);
            seen.Html.ShouldContain("You have neither of the roles");
            (await visitor.GetAsync("/console/failures")).Status.ShouldBe(HttpStatusCode.Redirect);
        }
    }

    [TestCase("system")]
    [TestCase("Api-Key")]
    [TestCase("")]
    public async Task Nobody_gets_in_under_a_name_that_the_audit_has_for_the_system(string name)
    {
        (_provider.Roles, _provider.Email) = (["mail-operator"], name);
        using var visitor = new Visitor(_host);
        var seen = await SignInAsync(visitor);
        seen.Status.ShouldBe(HttpStatusCode.Forbidden);
        seen.Html.ShouldContain("does not say who you are");
    }

    [Test]
    public async Task A_token_that_another_has_signed_a_forged_response_and_a_key_are_no_way_in()
    {
        _provider.Roles = ["mail-operator"];
        using var rsa = RSA.Create(2048);
        _provider.SignedBy = new RsaSecurityKey(rsa) { KeyId = "1" };
        using var visitor = new Visitor(_host);
        (await SignInAsync(visitor)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await visitor.GetAsync("/console/sign-in/oidc?code=1&state=2")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await visitor.GetAsync("/console/sign-in/oidc?error=%3Cscript%3Ealert(1)%3C/script%3E")).Html.ShouldNotContain("alert(1)");
        (await visitor.SignInAsync(ConsoleHost.Key, "ann")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await visitor.GetAsync("/console/failures")).Status.ShouldBe(HttpStatusCode.Redirect);
    }

    /// <summary>Through the provider and back.</summary>
    private async Task<Seen> SignInAsync(Visitor visitor)
    {
        var start = await visitor.GetAsync("/console/sign-in/start?return=/console");
        start.Location.ShouldNotBeNull().ShouldStartWith($"{_provider.Address}/authorize?");
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using var answer = await client.GetAsync(new Uri(start.Location!));
        return await visitor.GetAsync(answer.Headers.Location!.PathAndQuery);
    }
}
