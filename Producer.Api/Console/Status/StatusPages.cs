using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;
using Persistence;
using Persistence.Failures;
using Persistence.Keys;
using Persistence.Ledger;
using Persistence.Schema;
using Persistence.Stats;
using Producer.Api.Configuration;
using Producer.Api.Console.Pages;
using Producer.Api.Console.Parts;
using Producer.Api.Requests;
using Producer.Api.Security;
using ServiceDefaults.Database;
using ServiceDefaults.Kafka;

namespace Producer.Api.Console.Status;

/// <summary>How the system stands: overview, flow, audit, and what it is itself.</summary>
internal static class StatusPages
{
    private const int AuditPage = 100;
    private const int RunsShown = 20;

    public static void Map(RouteGroupBuilder console)
    {
        // Who sees failures and mails alone begins there.
        console.MapGet("", OverviewAsync).RequireAuthorization();
        console.MapGet("/flow", FlowAsync).RequireSightOfAll();
        console.MapGet("/audit", AuditAsync).RequireSightOfAll().RequireScope(KeyScope.Read);
        console.MapGet("/proof", ProofAsync).RequireSightOfAll();
        console.MapGet("/about", AboutAsync).RequireSightOfAll();
    }

    private static async Task<IResult> OverviewAsync(HttpContext context, SystemReader system, CancellationToken cancellationToken)
    {
        var caller = Caller.Of(context);
        if (caller.OnlyOf is not null)
            return caller.Has(KeyScope.Read) ? TypedResults.LocalRedirect($"~{ConsolePaths.Failures}") : Messages.Forbidden(context, KeyScope.Read);
        return PageResults.Of<Overview>(new
        {
            Shell = Shell.Of(context, "Overview", ConsolePaths.Root) with { Live = "clock" },
            State = await system.ReadAsync(cancellationToken),
        });
    }

    private static async Task<IResult> FlowAsync(HttpContext context, SystemReader system, CancellationToken cancellationToken)
    {
        var (state, groups) = (system.ReadAsync(cancellationToken), system.ReadGroupsAsync(cancellationToken));
        await Task.WhenAll(state, groups);
        return PageResults.Of<Flow>(new
        {
            Shell = Shell.Of(context, "Flow", ConsolePaths.Flow) with { Live = "clock" },
            State = await state,
            Groups = await groups,
        });
    }

    private static async Task<IResult> AuditAsync(
        string? actor, string? by, string? since, string? until, string? before, HttpContext context, FailureStore failures, ChangeStore changes, CancellationToken cancellationToken)
    {
        var shell = Shell.Of(context, "Audit", ConsolePaths.Audit);
        var filters = new Filters(ConsolePaths.Audit,
        [
            new FilterField("actor", "Who", actor) { Example = "shop: ann" },
            new FilterField("by", "By", by) { Choices = ["people"] },
            new FilterField("since", "Since", since) { Example = "2030-01-31T12:00:00Z" },
            new FilterField("until", "Before", until) { Example = "2030-02-01T00:00:00Z" },
        ]);
        try
        {
            QueryTexts.Check(context.Request, ["actor", "by", "since", "until", "before"]);
            var filter = new ActionFilter
            {
                Actor = QueryTexts.Given(actor),
                ByPeople = by == "people",
                Since = QueryTexts.Time("since", since),
                Until = QueryTexts.Time("until", until),
            };
            var mark = (await changes.FindAsync(cancellationToken)).Failures;
            var actions = await failures.ListActionsAsync(filter, AuditPage + 1, long.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null, cancellationToken);
            return PageResults.Of<Audit>(new
            {
                Shell = string.IsNullOrEmpty(before) ? shell with { Live = "failures", Mark = mark } : shell,
                Filters = filters,
                Actions = (IReadOnlyList<FailureAction>)[.. actions.Take(AuditPage)],
                Next = actions.Count > AuditPage ? actions[AuditPage - 1].Id : (long?)null,
            });
        }
        catch (FormatException exception)
        {
            return PageResults.Of<Audit>(new { Shell = shell with { Problem = exception.Message }, Filters = filters }, StatusCodes.Status400BadRequest);
        }
    }

    private static async Task<IResult> ProofAsync(HttpContext context, LedgerRunStore runs, CancellationToken cancellationToken) => PageResults.Of<Proof>(new
    {
        Shell = Shell.Of(context, "Proof", ConsolePaths.Proof),
        Runs = await runs.ListAsync(RunsShown, cancellationToken),
    });

    private static async Task<IResult> AboutAsync(
        HttpContext context, SchemaCheck schema, ClusterGuard cluster, IOptions<ApiOptions> api, IOptions<ConsoleOptions> console, IOptions<DatabaseOptions> database, IHostEnvironment environment,
        MailTopics names, CancellationToken cancellationToken) => PageResults.Of<About>(new
        {
            Shell = Shell.Of(context, "About", ConsolePaths.About),
            Version = typeof(StatusPages).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
            Environment = environment.EnvironmentName,
            Schema = await SchemaAsync(schema, cancellationToken),
            Cluster = cluster.Problem,
            Settings = (IReadOnlyList<Setting>)[.. Settings.Of(ApiOptions.Section, api.Value), .. Settings.Of(ConsoleOptions.Section, console.Value), .. Settings.Of(DatabaseOptions.Section, database.Value)],
            Names = names,
        });

    private static async Task<string> SchemaAsync(SchemaCheck schema, CancellationToken cancellationToken)
    {
        var difference = await schema.CompareAsync(cancellationToken);
        return difference.IsUsable
            ? difference.Foreign.Count == 0 ? "as this version needs it" : $"of a newer version, and compatible with this one ({string.Join(", ", difference.Foreign)})"
            : SchemaMismatchException.For(difference).Message;
    }
}
