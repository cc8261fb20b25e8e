using System.Net;

namespace Producer.Api.Tests.Security;

public class SecurityTests
{
    private const string Key = "0123456789abcdef-the-key";
    private const string Mail = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t"}""";

    private ApiHost _api = null!;

    [OneTimeSetUp]
    public async Task Start() => _api = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", Key));

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [TestCase("X-Api-Key", Key)]
    [TestCase("Authorization", "Bearer " + Key)]
    [TestCase("Authorization", "bearer " + Key)]
    public async Task Who_has_the_key_is_let_in(string header, string value) =>
        (await _api.PostAsync("/emails", Mail, (header, value))).StatusCode.ShouldBe(HttpStatusCode.Accepted);

    [TestCase("X-Api-Key", "")]
    [TestCase("X-Api-Key", Key + "x")]
    [TestCase("X-Api-Key", "0123456789abcdef")]
    [TestCase("Authorization", "Basic " + Key)]
    [TestCase("X-Other", Key)]
    public async Task Who_has_not_is_refused(string header, string value)
    {
        var response = await _api.PostAsync("/emails", Mail, (header, value));

        await response.ProblemAsync(401, "unauthorized");
        response.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer");
        _api.Queue.Mails.ShouldNotContain(mail => mail.Mail.Subject == "refused");
    }

    [TestCase("/emails/0190b0a0-0000-7000-8000-000000000000")]
    [TestCase("/failures")]
    [TestCase("/nowhere")]
    public async Task Everything_else_is_closed(string path) =>
        await (await _api.GetAsync(path)).ProblemAsync(401, "unauthorized");

    [TestCase("/health/live")]
    [TestCase("/health/ready")]
    [TestCase("/openapi/v1.json")]
    [TestCase("/metrics")]
    [TestCase("/scalar/")]
    public async Task Health_metrics_and_description_are_open(string path) =>
        (await _api.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK);
}
