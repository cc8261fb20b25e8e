using Messaging.Bench.Api;
using Messaging.Bench.Delivery;
using Messaging.Bench.Failures;
using Messaging.Bench.Micro;
using Messaging.Bench.Rider;
using Messaging.Bench.Running;

// Exit status: 0 every bar was met, 1 one was missed, 2 nothing could be measured or the arguments are wrong.
Suite[] suites = [RiderSuite.Create(), DeliverySuite.Create(), ApiSuite.Create(), FailuresSuite.Create()];

return args switch
{
    ["micro", .. var rest] => MicroBenchmarks.Run(rest),
    [ChildProcess.Verb, var suite, var row, var side, var input] => await ChildProcess.MeasureAsync(Find(suite)!, row, side, input),
    [ServerProcess.Verb, var kind, var input] => await ServerProcess.RunAsync(kind, input),
    [SinkProcess.Verb, var latency] => await SinkProcess.RunAsync(latency),
    [var name, .. var rest] when Find(name) is { } suite => await RunAsync(suite, rest),
    _ => Usage(null),
};

Suite? Find(string name) => Array.Find(suites, suite => suite.Name == name);

async Task<int> RunAsync(Suite suite, string[] rest)
{
    if (!BenchOptions.TryParse(rest, suite, out var options, out var problem))
        return Usage(problem);

    using var cancel = new CancellationTokenSource();
    Console.CancelKeyPress += (_, pressed) =>
    {
        pressed.Cancel = true;
        cancel.Cancel();
    };
    return await new SuiteRunner(suite, options).RunAsync(cancel.Token);
}

int Usage(string? problem)
{
    if (problem is not null)
        Console.Error.WriteLine($"bench: {problem}");
    Console.Error.WriteLine($"""
        usage: bench micro [arguments of BenchmarkDotNet, such as --filter *KeyScheduler*]
               bench {string.Join('|', suites.Select(suite => suite.Name))} [--json] [--only ROW]... [--rounds N] [--scale X]

          --json      one line of JSON a row instead of the table
          --only ROW  this row alone; may be given several times
          --rounds N  how often subject and peers take turns (3 by default)
          --scale X   a part of each row's records, for a quick look: 0.1 is a tenth. What it prints proves nothing

        """);
    foreach (var suite in suites)
    {
        foreach (var row in suite.Rows)
            Console.Error.WriteLine($"          {suite.Name,-8} {row.Name,-18} {row.What}");
    }

    return 2;
}
