using System.Net;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Persistence.Keys;
using Persistence.Text;
using Producer.Api.Security;

namespace Producer.Api.Tests.Keys;

/// <summary>Each endpoint, and the scopes that it asks for.</summary>
public class KeyScopeTests
{
    private static readonly Row[] Table =
    [
        new("POST", "/emails", KeyScope.Send),
        new("POST", "/emails/batch", KeyScope.Send),
        new("GET", "/emails", KeyScope.Read),
        new("GET", "/emails/{id}", KeyScope.Read),
        new("PATCH", "/emails/{id}", KeyScope.Send),
        new("GET", "/emails/{id}/events", KeyScope.Read),
        new("POST", "/emails/{id}/cancel", KeyScope.Send),
        new("GET", "/failures", KeyScope.Read),
        new("GET", "/failures/{id}", KeyScope.Read),
        new("POST", "/failures/{id}/replay", KeyScope.Operate),
        new("POST", "/failures/{id}/restore", KeyScope.Operate),
        new("POST", "/failures/{id}/edit", KeyScope.Read, KeyScope.Operate),
        new("GET", "/failure-groups", KeyScope.Operate),
        new("PUT", "/failure-groups/{key}/note", KeyScope.Operate),
        new("POST", "/operations", KeyScope.Operate),
        new("GET", "/operations", KeyScope.Operate),
        new("GET", "/operations/{id}", KeyScope.Operate),
        new("POST", "/operations/{id}/pause", KeyScope.Operate),
        new("POST", "/operations/{id}/resume", KeyScope.Operate),
        new("POST", "/operations/{id}/cancel", KeyScope.Operate),
        new("POST", "/failures/{id}/discard", KeyScope.Operate),
        new("POST", "/holds", KeyScope.Operate),
        new("GET", "/holds", KeyScope.Operate),
        new("GET", "/holds/{id}", KeyScope.Operate),
        new("POST", "/holds/{id}/release", KeyScope.Operate),
        new("GET", "/stats", KeyScope.Operate),
        new("GET", "/keys", KeyScope.Admin),
        new("POST", "/keys", KeyScope.Admin),
        new("POST", "/keys/{id}/rotate", KeyScope.Admin),
        new("POST", "/keys/{id}/revoke", KeyScope.Admin),
    ];

    private static readonly HttpStatusCode[] NotLetIn = [HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized, HttpStatusCode.InternalServerError];

    private readonly Dictionary<KeyScope, string> _keys = [];
    private ApiHost _api = null!;

    private static IEnumerable<TestCaseData> EndpointsAndScopes() =>
        from endpoint in Table
        from scope in Enum.GetValues<KeyScope>()
        select new TestCaseData(endpoint, scope).SetArgDisplayNames($"{endpoint}", $"{scope}");

    [OneTimeSetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", ApiKeys.First), ("Kafka:BootstrapServers", "127.0.0.1:1"), ("Api:StatsTimeout", "00:00:00.2"));
        foreach (var scope in Enum.GetValues<KeyScope>())
            _keys.Add(scope, (await _api.MakeAsync(scope.ToText())).Secret);
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [TestCaseSource(nameof(EndpointsAndScopes))]
    public async Task A_key_with_one_scope_is_let_in_where_no_other_is_needed(object endpoint, KeyScope scope)
    {
        var row = (Row)endpoint;
        var response = await SendAsync(row, _keys[scope]);

        if (row.Scopes.All(needed => needed == scope))
        {
            response.StatusCode.ShouldNotBeOneOf(NotLetIn);
            return;
        }

        var lacked = row.Scopes.First(needed => needed != scope).ToText();
        var problem = await response.ProblemAsync(403, "insufficient_scope");
        problem.GetProperty("scope").GetString().ShouldBe(lacked);
        response.Headers.WwwAuthenticate.ToString().ShouldBe($"Bearer error=\"insufficient_scope\", scope=\"{lacked}\"");
    }

    [Test]
    public async Task A_key_with_all_scopes_that_are_needed_is_let_in()
    {
        foreach (var row in Table.Where(row => row.Scopes.Length > 1))
            (await SendAsync(row, (await _api.MakeAsync(string.Join(',', row.Scopes.Select(scope => scope.ToText())))).Secret)).StatusCode.ShouldNotBeOneOf(NotLetIn, $"{row}");
    }

    [Test]
    public async Task The_first_key_is_let_in_everywhere([ValueSource(nameof(Endpoints))] string endpoint) =>
        (await SendAsync(Table.Single(row => $"{row}" == endpoint), ApiKeys.First)).StatusCode.ShouldNotBeOneOf(NotLetIn);

    [Test]
    public void Every_endpoint_is_in_the_table_or_open_to_everybody()
    {
        // The metrics have a key of their own.
        var endpoints = _api.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null && Path(endpoint) != "/metrics").ToLookup(IsOfConsole);

        // A form asks for what its request does.
        endpoints[true].Where(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("POST") == true)
            .Select(endpoint => $"{Path(endpoint)}: {Needed(endpoint)}")
            .ShouldBe(
                [
                    "/console/failures/{id}/replay: operate", "/console/failures/{id}/discard: operate",
                    "/console/failures/{id}/restore: operate", "/console/failures/{id}/edit: read operate",
                    "/console/groups/note: operate", "/console/holds: operate", "/console/holds/{id}/release: operate",
                    "/console/operations: operate", "/console/operations/{id}/pause: operate",
                    "/console/operations/{id}/resume: operate", "/console/operations/{id}/cancel: operate",
                    "/console/mails/{id}/cancel: send", "/console/mails/{id}/reschedule: send",
                ],
                ignoreOrder: true);
        endpoints[false].Select(endpoint => $"{Verb(endpoint)} {Path(endpoint)}: {Needed(endpoint)}").ShouldBe(Table.Select(row => $"{row}: {Words(row.Scopes)}"), ignoreOrder: true);

        static bool IsOfConsole(RouteEndpoint endpoint) => Path(endpoint).StartsWith("/console", StringComparison.Ordinal);
        static string Needed(RouteEndpoint endpoint) => Words(endpoint.Metadata.OfType<ScopeMetadata>().Select(needed => needed.Scope));
        static string Words(IEnumerable<KeyScope> scopes) => string.Join(' ', scopes.Select(scope => scope.ToText()));
        static string Verb(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single();
        static string Path(RouteEndpoint endpoint) => "/" + endpoint.RoutePattern.RawText!.Trim('/');
    }

    [Test]
    public async Task The_description_says_the_scope_of_each_and_what_comes_without_it()
    {
        var paths = (await (await _api.GetAsync("/openapi/v1.json")).JsonAsync()).GetProperty("paths");
        foreach (var (method, path, scopes) in Table)
        {
            var operation = paths.GetProperty(path).GetProperty(method.ToLowerInvariant());
            operation.GetProperty("security").EnumerateArray().Select(requirement => requirement.EnumerateObject().Single().Name).ShouldBe(["ApiKey", "Bearer"]);
            operation.GetProperty("x-required-scopes").EnumerateArray().Select(required => required.GetString()).ShouldBe(scopes.Select(scope => scope.ToText()));
            foreach (var scope in scopes)
                operation.GetProperty("description").GetString()!.ShouldContain($"`{scope.ToText()}`");
            operation.GetProperty("responses").GetProperty("403").GetProperty("description").GetString()!.ShouldContain("`insufficient_scope`");
            operation.GetProperty("responses").GetProperty("429").GetProperty("description").GetString()!.ShouldContain("`rate_limit_exceeded`");
            operation.GetProperty("responses").GetProperty("503").GetProperty("description").GetString()!.ShouldContain("`keys_unavailable`");
        }
    }

    private static IEnumerable<string> Endpoints() => Table.Select(row => $"{row}");

    private Task<HttpResponseMessage> SendAsync(Row row, string key)
    {
        var (method, path, _) = row;
        var request = new HttpRequestMessage(new HttpMethod(method), path.Replace("{id}", $"{Guid.CreateVersion7()}", StringComparison.Ordinal));
        request.Headers.Add("X-Api-Key", key);
        if (method is not "GET")
            request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        return _api.Client.SendAsync(request);
    }

    private sealed record Row(string Method, string Path, params KeyScope[] Scopes)
    {
        public override string ToString() => $"{Method} {Path}";
    }
}
