using Consumer.Worker.Hosting;
using Consumer.Worker.Tests.Hosting;

namespace Consumer.Worker.Tests.Faults;

/// <summary>
/// What this assembly is as a program: the worker's own host, on the topics that its first argument names.
/// <c>Consumer.Worker</c> itself knows the fixed ones alone, which tests that share a broker cannot.
/// </summary>
internal static class WorkerProgram
{
    public static async Task Main(string[] args)
    {
        await using var app = WorkerHost.Build(args[1..], TestTopics.Of(args[0]));
        await app.RunAsync();
    }
}
