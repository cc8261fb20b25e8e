using System.Net;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Persistence.Keys;
using Persistence.Text;
using Producer.Api.Security;

namespace Producer.Api.Tests.Keys;

/// <summary>Each endpoint, and the one scope that it asks for.</summary>
public class KeyScopeTests
{
    private static readonly (string Method, string Path, KeyScope Scope)[] Table =
    [
        ("POST", "/emails", KeyScope.Send),
        ("POST", "/emails/batch", KeyScope.Send),
        ("GET", "/emails", KeyScope.Read),
        ("GET", "/emails/{id}", KeyScope.Read),
        ("PATCH", "/emails/{id}", KeyScope.Send),
        ("GET", "/emails/{id}/events", KeyScope.Read),
        ("POST", "/emails/{id}/cancel", KeyScope.Send),
        ("GET", "/failures", KeyScope.Read),
        ("GET", "/failures/{id}", KeyScope.Read),
        ("POST", "/failures/{id}/replay", KeyScope.Operate),
        ("POST", "/failures/{id}/restore", KeyScope.Operate),
        ("POST", "/failures/{id}/edit", KeyScope.Operate),
        ("GET", "/failure-groups", KeyScope.Operate),
        ("PUT", "/failure-groups/{key}/note", KeyScope.Operate),
        ("POST", "/operations", KeyScope.Operate),
        ("GET", "/operations", KeyScope.Operate),
        ("GET", "/operations/{id}", KeyScope.Operate),
        ("POST", "/operations/{id}/pause", KeyScope.Operate),
        ("POST", "/operations/{id}/resume", KeyScope.Operate),
        ("POST", "/operations/{id}/cancel", KeyScope.Operate),
        ("POST", "/failures/{id}/discard", KeyScope.Operate),
        ("POST", "/holds", KeyScope.Operate),
        ("GET", "/holds", KeyScope.Operate),
        ("GET", "/holds/{id}", KeyScope.Operate),
        ("POST", "/holds/{id}/release", KeyScope.Operate),
        ("GET", "/stats", KeyScope.Operate),
        ("GET", "/keys", KeyScope.Admin),
        ("POST", "/keys", KeyScope.Admin),
        ("POST", "/keys/{id}/rotate", KeyScope.Admin),
        ("POST", "/keys/{id}/revoke", KeyScope.Admin),
    ];

    private readonly Dictionary<KeyScope, string> _keys = [];
    private ApiHost _api = null!;

    private static IEnumerable<TestCaseData> EndpointsAndScopes() =>
        from endpoint in Table
        from scope in Enum.GetValues<KeyScope>()
        select new TestCaseData(endpoint.Method, endpoint.Path, endpoint.Scope, scope).SetArgDisplayNames($"{endpoint.Method} {endpoint.Path}", $"{scope}");

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
    public async Task A_key_with_one_scope_is_let_in_where_that_is_the_one_that_is_needed(string method, string path, KeyScope needed, KeyScope scope)
    {
        var response = await SendAsync(method, path, _keys[scope]);

        if (scope == needed)
        {
            response.StatusCode.ShouldNotBeOneOf([HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized, HttpStatusCode.InternalServerError]);
            return;
        }

        var problem = await response.ProblemAsync(403, "insufficient_scope");
        problem.GetProperty("scope").GetString().ShouldBe(needed.ToText());
        response.Headers.WwwAuthenticate.ToString().ShouldBe($"Bearer error=\"insufficient_scope\", scope=\"{needed.ToText()}\"");
    }

    [Test]
    public async Task The_first_key_is_let_in_everywhere([ValueSource(nameof(Endpoints))] string endpoint)
    {
        var (method, path, _) = Table.Single(row => $"{row.Method} {row.Path}" == endpoint);

        (await SendAsync(method, path, ApiKeys.First)).StatusCode.ShouldNotBeOneOf([HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized, HttpStatusCode.InternalServerError]);
    }

    [Test]
    public void Every_endpoint_is_in_the_table_or_open_to_everybody()
    {
        // The metrics have a key of their own.
        var endpoints = _api.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null && Path(endpoint) != "/metrics").ToLookup(IsOfConsole);

        // A form asks for what its request does.
        endpoints[true].Where(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("POST") == true)
            .Select(endpoint => (Path(endpoint), endpoint.Metadata.GetMetadata<ScopeMetadata>().ShouldNotBeNull(endpoint.DisplayName).Scope))
            .ShouldBe(
                [
                    ("/console/failures/{id}/replay", KeyScope.Operate), ("/console/failures/{id}/discard", KeyScope.Operate),
                    ("/console/failures/{id}/restore", KeyScope.Operate), ("/console/failures/{id}/edit", KeyScope.Operate),
                    ("/console/groups/note", KeyScope.Operate), ("/console/holds", KeyScope.Operate), ("/console/holds/{id}/release", KeyScope.Operate),
                    ("/console/operations", KeyScope.Operate), ("/console/operations/{id}/pause", KeyScope.Operate),
                    ("/console/operations/{id}/resume", KeyScope.Operate), ("/console/operations/{id}/cancel", KeyScope.Operate),
                    ("/console/mails/{id}/cancel", KeyScope.Send), ("/console/mails/{id}/reschedule", KeyScope.Send),
                ],
                ignoreOrder: true);
        endpoints[false].Select(endpoint => (Verb(endpoint), Path(endpoint), endpoint.Metadata.GetMetadata<ScopeMetadata>().ShouldNotBeNull(endpoint.DisplayName).Scope))
            .ShouldBe(Table, ignoreOrder: true);

        static bool IsOfConsole(RouteEndpoint endpoint) => Path(endpoint).StartsWith("/console", StringComparison.Ordinal);
        static string Verb(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single();
        static string Path(RouteEndpoint endpoint) => "/" + endpoint.RoutePattern.RawText!.Trim('/');
    }

    [Test]
    public async Task The_description_says_the_scope_of_each_and_what_comes_without_it()
    {
        var paths = (await (await _api.GetAsync("/openapi/v1.json")).JsonAsync()).GetProperty("paths");
        foreach (var (method, path, scope) in Table)
        {
            var operation = paths.GetProperty(path).GetProperty(method.ToLowerInvariant());
            operation.GetProperty("security").EnumerateArray().Select(requirement => requirement.EnumerateObject().Single().Name).ShouldBe(["ApiKey", "Bearer"]);
            operation.GetProperty("x-required-scopes").EnumerateArray().Select(required => required.GetString()).ShouldBe([scope.ToText()]);
            operation.GetProperty("description").GetString()!.ShouldContain($"`{scope.ToText()}`");
            operation.GetProperty("responses").GetProperty("403").GetProperty("description").GetString()!.ShouldContain("`insufficient_scope`");
            operation.GetProperty("responses").GetProperty("429").GetProperty("description").GetString()!.ShouldContain("`rate_limit_exceeded`");
            operation.GetProperty("responses").GetProperty("503").GetProperty("description").GetString()!.ShouldContain("`keys_unavailable`");
        }
    }

    private static IEnumerable<string> Endpoints() => Table.Select(row => $"{row.Method} {row.Path}");

    private Task<HttpResponseMessage> SendAsync(string method, string path, string key)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path.Replace("{id}", $"{Guid.CreateVersion7()}", StringComparison.Ordinal));
        request.Headers.Add("X-Api-Key", key);
        if (method is not "GET")
            request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        return _api.Client.SendAsync(request);
    }
}
