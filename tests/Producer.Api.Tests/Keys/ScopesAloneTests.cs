using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Persistence.Keys;
using Producer.Api.Security;

namespace Producer.Api.Tests.Keys;

/// <summary>The short way is open where scopes are all that an endpoint asks for, in whichever order it was said.</summary>
public class ScopesAloneTests
{
    [Test]
    public void An_endpoint_that_asks_for_scopes_alone_says_so() =>
        ScopesOf(app => app.MapGet("/", Nothing).RequireScope(KeyScope.Read)).ShouldBe([KeyScope.Read]);

    [Test]
    public void So_does_one_that_asks_for_several() =>
        ScopesOf(app => app.MapGroup("").RequireScope(KeyScope.Operate).MapGet("/", Nothing).RequireScope(KeyScope.Read)).ShouldBe([KeyScope.Operate, KeyScope.Read]);

    private static IEnumerable<TestCaseData> Others()
    {
        yield return Other("sight of all", app => app.MapGet("/", Nothing).RequireScope(KeyScope.Read).RequireSightOfAll());
        yield return Other("sight of all, said first", app => app.MapGet("/", Nothing).RequireSightOfAll().RequireScope(KeyScope.Read));
        yield return Other("a policy of its group", app => app.MapGroup("").RequireAuthorization("people").MapGet("/", Nothing).RequireScope(KeyScope.Read));
        yield return Other("a role", app => app.MapGet("/", Nothing).RequireScope(KeyScope.Read).RequireAuthorization(new AuthorizeAttribute { Roles = "admin" }));
        yield return Other("a scheme", app => app.MapGet("/", Nothing).RequireScope(KeyScope.Read).RequireAuthorization(new AuthorizeAttribute { AuthenticationSchemes = "Cookies" }));
        yield return Other("a rate", app => app.MapGet("/", Nothing).RequireScope(KeyScope.Read).RequireRateLimiting("some"));
        yield return Other("an origin", app => app.MapGet("/", Nothing).RequireScope(KeyScope.Read).RequireCors("some"));
        yield return Other("nothing", app => app.MapGet("/", Nothing));

        static TestCaseData Other(string name, Action<IEndpointRouteBuilder> map) => new TestCaseData(map).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Others))]
    public void One_that_asks_for_anything_else_does_not(Action<IEndpointRouteBuilder> map) => ScopesOf(map).ShouldBeNull();

    private static IReadOnlyList<KeyScope>? ScopesOf(Action<IEndpointRouteBuilder> map)
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        map(app);
        return ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).ShouldHaveSingleItem().Metadata.GetMetadata<ScopesAlone>()?.Scopes;
    }

    private static IResult Nothing() => Results.Ok();
}
