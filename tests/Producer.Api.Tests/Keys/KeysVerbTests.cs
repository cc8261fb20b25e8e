using System.Net;
using Persistence.Keys;
using Producer.Api.Keys;

namespace Producer.Api.Tests.Keys;

/// <summary><c>Producer.Api keys</c>, beside an API that runs.</summary>
public class KeysVerbTests
{
    private string _database = "";
    private ApiHost _api = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _database = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync("keys");
        _api = await ApiHost.StartOnAsync(_database, ("environment", "Production"), ("Api:Key", ApiKeys.First), ("Api:KeyRefreshInterval", "00:00:00.2"));
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [Test]
    public async Task A_key_is_made_listed_rotated_and_revoked()
    {
        var made = await RunAsync("create", "shop", "--scopes=send,read", "--from=example.com", "--rate=100/s", "--expires=30d", "--actor=ann");
        made.ExitCode.ShouldBe(0, made.Talk);
        var secret = made.Output.Trim();
        made.Talk.ShouldContain("is made, with send,read, from example.com. ");
        made.Talk.ShouldContain("shown this once");
        await BecomesAsync(secret, HttpStatusCode.Accepted);

        var list = await RunAsync("list");
        list.Output.ShouldContain("shop");
        list.Output.ShouldContain("send,read");
        list.Output.ShouldContain(secret[..11]);
        list.Output.ShouldNotContain(secret[12..]);

        var rotated = await RunAsync("rotate", "shop", "--overlap=0s");
        rotated.ExitCode.ShouldBe(0, rotated.Talk);
        await BecomesAsync(rotated.Output.Trim(), HttpStatusCode.Accepted);
        await BecomesAsync(secret, HttpStatusCode.Unauthorized);

        (await RunAsync("revoke", "shop", "--actor=ben")).ExitCode.ShouldBe(0);
        await BecomesAsync(rotated.Output.Trim(), HttpStatusCode.Unauthorized);
        (await RunAsync("list")).Output.ShouldContain("by ben");
    }

    [TestCase("")]
    [TestCase("make shop")]
    [TestCase("create")]
    [TestCase("create --scopes=send")]
    [TestCase("create a")]
    [TestCase("create a --scopes=write")]
    [TestCase("create a --scopes=send --rate=many")]
    [TestCase("create a --scopes=send --overlap=1h")]
    [TestCase("list --scopes=send")]
    [TestCase("create empty-0 --scopes=send --from=")]
    [TestCase("create empty-1 --scopes=send --from=,")]
    [TestCase("create a --scopes=")]
    [TestCase("create empty-2 --scopes=send --rate=")]
    [TestCase("create empty-3 --scopes=send --expires=")]
    [TestCase("create empty-4 --scopes=send --actor=")]
    [TestCase("create empty-5 --scopes=send --actor=ann\u0007")]
    [TestCase("create empty-6 --scopes=send --actor=ann\u202e")]
    [TestCase("create system --scopes=send")]
    [TestCase("create 01a2075b-6d1c-7e53-b9cb-1a0d1fb3c5a7 --scopes=send")]
    [TestCase("rotate nobody --overlap=")]
    [TestCase("rotate nobody")]
    [TestCase("rotate nobody --overlap=soon")]
    [TestCase("revoke nobody")]
    public async Task What_is_wrong_is_said_with_the_usage(string arguments)
    {
        var run = await RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        run.ExitCode.ShouldBe(2);
        run.Output.ShouldBeEmpty();
        run.Talk.ShouldContain("usage: Producer.Api keys create");
    }

    [Test]
    public async Task Whose_mails_may_be_from_any_domain_is_said() =>
        (await RunAsync("create", "everywhere", "--scopes=send")).Talk.ShouldContain("is made, with send, from any domain. ");

    [Test]
    public async Task A_key_that_has_another_s_id_for_its_name_is_not_taken_for_that_one()
    {
        var (target, secret) = await _api.MakeAsync("send");
        // As it could be made once.
        var store = _api.Get<KeyStore>();
        var decoy = (await store.CreateAsync(new NewKey { Name = target.ToString(), Scopes = [KeyScope.Send] }, KeySecret.Make().Hash, "test"))!;

        (await RunAsync("revoke", target.ToString())).Talk.ShouldContain($"({target})");

        await BecomesAsync(secret, HttpStatusCode.Unauthorized);
        (await store.ListAsync()).Single(key => key.Id == decoy.Id).RevokedAt.ShouldBeNull();
        // Nor once that one is gone.
        (await RunAsync("revoke", target.ToString())).ExitCode.ShouldBe(2);
        (await store.ListAsync()).Single(key => key.Id == decoy.Id).RevokedAt.ShouldBeNull();
    }

    private async Task<(int ExitCode, string Output, string Talk)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var talk = new StringWriter();
        return (await KeysVerb.RunAsync([.. arguments, $"--Database:ConnectionString={_database}"], output, talk), output.ToString(), talk.ToString());
    }

    private Task BecomesAsync(string secret, HttpStatusCode status) => Eventually.Until(
        async () => (await _api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", secret))).StatusCode == status, Eventually.DefaultDeadline, $"the key is answered {status}");
}
