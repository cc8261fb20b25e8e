using Messaging.Bench.Api;
using Messaging.Bench.Running;

namespace Messaging.Bench.Failures;

/// <summary>What people and the console ask of a million failures, and what is done with many of them at once. Bars are absolute: nobody else offers the like.</summary>
internal static class FailuresSuite
{
    private const string Api = "api";
    private const string Worker = "worker";

    public static Suite Create() => new("failures", DeadLetters.Record,
    [
        Ask("groups-cause", "GET /failure-groups?by=cause over 1,000,000 failures", "/failure-groups?by=cause"),
        Ask("groups-domain", "the same by domain", "/failure-groups?by=domain"),
        Ask("groups-code", "the same by reply code", "/failure-groups?by=code"),
        Ask("groups-sender", "the same by sender", "/failure-groups?by=sender"),
        Ask("list", "GET /failures, the newest 50", "/failures"),
        Ask("list-status", "the unresolved ones", "/failures?status=unresolved"),
        Ask("list-domain", "those of a domain that a tenth has", "/failures?domain=domain-7.example"),
        Ask("list-rare", "those of a recipient that a few have, with a code", "/failures?recipient=user-4711@domain-1.example&code=550"),
        Ask("list-sender", "those of a sender and a status", "/failures?sender=shop-3@example.com&status=unresolved"),
        Ask("list-words", "those with words that a thousandth has", "/failures?text=number%20777"),
        Ask("count", "GET /failures with a count of all", "/failures?count=true"),
        Ask("count-domain", "the same of a domain and a status", "/failures?domain=domain-7.example&status=unresolved&count=true"),
        Ask("list-cause", "those of one of fifty causes", "/failures?fingerprint=7"),
        Ask("list-key", "those of one key", "/failures?key=customer-4711"),
        Ask("list-everywhere", "those of a topic and an exception that all have", "/failures?topic=email.send&exception=Bench"),
        Ask("list-subject", "those with words of the subject that one has", "/failures?subject=order%204711"),
        Ask("list-time", "those of an hour some days ago", $"/failures?since={DateTime.UtcNow.AddDays(-5):yyyy-MM-ddTHH:mm:ssZ}&until={DateTime.UtcNow.AddDays(-5).AddHours(1):yyyy-MM-ddTHH:mm:ssZ}"),
        Ask("list-apart", "those of a code and a domain that a tenth has, and none both", "/failures?code=451&domain=domain-7.example"),
        Page("page-overview", "GET /console over 1,000,000 failures", "/console"),
        Page("page-failures", "its list of failures", "/console/failures"),
        Page("page-filter", "the same by domain and status", "/console/failures?domain=domain-7.example&status=unresolved"),
        Page("page-groups", "its groups by cause", "/console/groups"),
        new Row("paced", "an operation that replays 100,000 failures at 500 a second")
        {
            Records = 100_000,
            WarmUp = 500,
            Source = RecordSource.Empty,
            Sides = [new(Api, OperationScenario.At(500))],
            Lines =
            [
                new Line("rate off", new(Api, OperationScenario.Off), "%", null, Bar.AtMost(5)),
                new Line("memory", new(Api, ApiScenario.Last), "MiB", new(Api, ApiScenario.First), Bar.RatioAtMost(1.2)),
            ],
        },
        new Row("unbounded", "an operation that replays 50,000 failures as fast as it goes")
        {
            Records = 50_000,
            WarmUp = 2_000,
            Source = RecordSource.Empty,
            Sides = [new(Api, OperationScenario.At(null))],
            Lines = [new Line("rate", new(Api, Measurement.Rate), "1/s", null, Bar.AtLeast(2_000))],
        },
        new Row("projection", "a worker that makes failures of 50,000 dead letters")
        {
            Records = 50_000,
            WarmUp = 5_000,
            Source = RecordSource.OwnBacklog,
            Sides = [new(Worker, ProjectionScenario.MeasureAsync)],
            Lines = [new Line("rate", new(Worker, Measurement.Rate), "1/s", null, Bar.AtLeast(2_000))],
        },
    ], FailuresServers.StartAsync);

    private static Row Ask(string name, string what, string path) => Of(name, what, AskScenario.Of(path), Bar.AtMost(100));

    private static Row Page(string name, string what, string path) => Of(name, what, AskScenario.Of(path, ServerProcess.Console), Bar.AtMost(150));

    private static Row Of(string name, string what, Func<ScenarioInput, Task<Measurement>> ask, Bar bar) => new(name, what)
    {
        Records = 200,
        WarmUp = 5,
        Source = RecordSource.Empty,
        Sides = [new(Api, ask)],
        Lines =
        [
            new Line("p50", new(Api, ApiScenario.Median), "ms", null, bar),
            new Line("p99", new(Api, ApiScenario.Percentile99), "ms", null, Bar.None),
            new Line("uncached", new(Api, AskScenario.Uncached), "ms", null, Bar.None),
        ],
    };
}
