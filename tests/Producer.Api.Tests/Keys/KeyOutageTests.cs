using System.Net;

namespace Producer.Api.Tests.Keys;

/// <summary>Keys while Postgres is away.</summary>
public class KeyOutageTests
{
    private const string Form = "mk_abcdefgh_0123456789012345678901234567890123456789012";

    [Test]
    public async Task Posts_under_a_known_key_go_on_and_an_unknown_one_is_refused()
    {
        await using var postgres = await PostgresServer.StartOwnAsync();
        await using var api = await ApiHost.StartOnAsync(
            await postgres.CreateDatabaseAsync(), ("environment", "Production"), ("Api:Key", ApiKeys.First), ("Api:KeyRefreshInterval", "00:00:00.2"));
        var (_, secret) = await api.MakeAsync("send");
        await postgres.KillAsync();

        await api.AcceptAsync(secret);
        await api.AcceptAsync(ApiKeys.First);
        // All keys are known: this one is none.
        await (await api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", Form))).ProblemAsync(401, "unauthorized");
        await (await api.PostAsync("/keys", """{"name":"a","scopes":["send"]}""", ("X-Api-Key", ApiKeys.First))).ProblemAsync(503, "database_unavailable");

        await postgres.StartAsync();
        await Eventually.Until(async () => (await api.GetAsync("/keys", ("X-Api-Key", ApiKeys.First))).StatusCode == HttpStatusCode.OK, Eventually.DefaultDeadline, "keys are listed again");
    }

    [Test]
    public async Task An_instance_that_started_without_Postgres_lets_the_first_key_in_and_cannot_say_of_others()
    {
        await using var api = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", ApiKeys.First), ("Database:ConnectionString", ApiHost.NoPostgres));

        await api.AcceptAsync(ApiKeys.First);
        var refused = await api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", Form));
        await refused.ProblemAsync(503, "keys_unavailable");
        refused.Headers.RetryAfter.ShouldNotBeNull();
        // What has not the form of a stored key is none, whichever there are.
        await (await api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", "0123456789abcdef-another"))).ProblemAsync(401, "unauthorized");
    }

    [Test]
    public async Task In_Development_without_a_first_key_a_stored_one_is_still_what_it_is()
    {
        await using var api = await ApiHost.StartAsync();
        var made = await (await api.PostAsync("/keys", $$"""{"name":"dev-{{Guid.NewGuid():N}}","scopes":["read"]}""")).JsonAsync();

        await (await api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", made.GetProperty("secret").GetString()!))).ProblemAsync(403, "insufficient_scope");
        await (await api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", Form))).ProblemAsync(401, "unauthorized");
        (await api.PostAsync("/emails", ApiKeys.Mail, ("X-Api-Key", "any"))).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }
}
