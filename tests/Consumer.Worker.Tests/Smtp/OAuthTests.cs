using System.Text;
using Consumer.Worker.Smtp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

/// <summary>Logins with tokens, against a token endpoint and a mail server of the tests.</summary>
internal sealed class OAuthTests
{
    private readonly List<Dictionary<string, string>> _requests = [];
    private readonly FakeTimeProvider _timeProvider = new(DateTimeOffset.UtcNow);
    private WebApplication _endpoint = null!;
    private ServiceProvider _clients = null!;
    private Func<int, (int Status, string Body)> _respond = number => (200, $$"""{"access_token":"token-{{number}}","token_type":"Bearer","expires_in":3600}""");

    [SetUp]
    public async Task SetUp()
    {
        _requests.Clear();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _endpoint = builder.Build();
        _endpoint.MapPost("/token", async (HttpRequest request) =>
        {
            var form = await request.ReadFormAsync();
            int number;
            lock (_requests)
            {
                _requests.Add(form.ToDictionary(field => field.Key, field => field.Value.ToString()));
                number = _requests.Count;
            }

            var (status, body) = _respond(number);
            return Results.Text(body, "application/json", Encoding.UTF8, status);
        });
        await _endpoint.StartAsync();
        _clients = new ServiceCollection().AddHttpClient().BuildServiceProvider();
    }

    [TearDown]
    public async Task TearDown()
    {
        await _endpoint.DisposeAsync();
        await _clients.DisposeAsync();
    }

    [TestCase("AUTH LOGIN XOAUTH2", "XOAUTH2", "user=mail@example.com\u0001auth=Bearer token-1\u0001\u0001")]
    [TestCase("AUTH XOAUTH2 OAUTHBEARER", "OAUTHBEARER", "auth=Bearer token-1")]
    public async Task The_worker_logs_in_with_a_token_of_the_client(string offered, string mechanism, string expected)
    {
        var said = new List<string>();
        await using var server = new ScriptedServer(offered) { Reply = (_, command) => { lock (said) said.Add(command); return null; } };

        await Probe(server, Tokens(server)).ProbeAsync(CancellationToken.None);

        var login = said.Single(command => command.StartsWith("AUTH", StringComparison.Ordinal)).Split(' ');
        login[1].ShouldBe(mechanism);
        Encoding.UTF8.GetString(Convert.FromBase64String(login[2])).ShouldContain(expected);
        var form = _requests.ShouldHaveSingleItem();
        form.ShouldBe(new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = "client", ["client_secret"] = "s3cret&=", ["scope"] = "https://outlook.office365.com/.default" });
    }

    [Test]
    public async Task A_token_is_used_until_it_is_about_to_end()
    {
        await using var server = new ScriptedServer("AUTH XOAUTH2");
        var tokens = Tokens(server);

        (await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => tokens.GetAsync(CancellationToken.None)))).ShouldAllBe(token => token == "token-1");
        _timeProvider.Advance(TimeSpan.FromMinutes(58));
        (await tokens.GetAsync(CancellationToken.None)).ShouldBe("token-1");
        _timeProvider.Advance(TimeSpan.FromMinutes(1));
        (await tokens.GetAsync(CancellationToken.None)).ShouldBe("token-2");
        _requests.Count.ShouldBe(2);
    }

    [Test]
    public async Task A_token_that_the_server_refuses_is_tried_once_and_the_next_login_has_a_new_one()
    {
        await using var server = new ScriptedServer("AUTH XOAUTH2")
        {
            Reply = (_, command) => command.StartsWith("AUTH", StringComparison.Ordinal) && Encoding.UTF8.GetString(Convert.FromBase64String(command.Split(' ')[2])).Contains("token-1", StringComparison.Ordinal)
                ? "535 5.7.3 Authentication unsuccessful" : null,
        };
        var probe = Probe(server, Tokens(server));

        var exception = await Should.ThrowAsync<SmtpUnavailableException>(() => probe.ProbeAsync(CancellationToken.None));
        exception.Message.ShouldContain("535 5.7.3");
        server.Count("AUTH").ShouldBe(1);
        await probe.ProbeAsync(CancellationToken.None);
        server.Count("AUTH").ShouldBe(2);
    }

    [TestCase(401, """{"error":"invalid_client","error_description":"s3cret&= is wrong"}""", "it replied 401 invalid_client")]
    [TestCase(500, "<html>", "it replied 500")]
    [TestCase(200, "<html>", "not the JSON of a token")]
    [TestCase(200, """{"token":"x"}""", "not the JSON of a token")]
    public async Task Without_a_token_the_mail_server_is_unavailable_and_the_reason_holds_no_secret(int status, string body, string expected)
    {
        _respond = _ => (status, body);
        await using var server = new ScriptedServer("AUTH XOAUTH2");

        var exception = await Should.ThrowAsync<SmtpUnavailableException>(() => Probe(server, Tokens(server)).ProbeAsync(CancellationToken.None));

        exception.Message.ShouldContain(expected);
        exception.Message.ShouldNotContain("s3cret");
        server.Count("AUTH").ShouldBe(0);
    }

    private SmtpOptions Options(ScriptedServer server) => new()
    {
        Host = "127.0.0.1",
        Port = server.Port,
        Security = SmtpSecurity.None,
        Username = "mail@example.com",
        OAuthTokenEndpoint = $"{_endpoint.Urls.First()}/token",
        OAuthClientId = "client",
        OAuthClientSecret = "s3cret&=",
        OAuthScope = "https://outlook.office365.com/.default",
    };

    private OAuthTokens Tokens(ScriptedServer server) => new(_clients.GetRequiredService<IHttpClientFactory>(), Microsoft.Extensions.Options.Options.Create(Options(server)), _timeProvider);

    private SmtpProbe Probe(ScriptedServer server, OAuthTokens tokens)
    {
        var options = Microsoft.Extensions.Options.Options.Create(Options(server));
        var availability = new SmtpAvailability(TimeProvider.System);
        return new SmtpProbe(new SmtpConnectionPool(options, availability, TimeProvider.System, login: new SmtpLogin(options, availability, tokens)));
    }
}
