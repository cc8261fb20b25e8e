using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>A worker as a process of its own. The database names the worker by the process too.</summary>
internal static class WorkerProcess
{
    /// <summary>Starts one.</summary>
    /// <param name="topic">Its topic of mails, after which the others are named.</param>
    /// <param name="options">Its options, as on the command line.</param>
    public static ChildProcess Start(string topic, IEnumerable<string> options) => ChildProcess.Start(typeof(WorkerProgram).Assembly.Location, [topic, .. options]);
}
