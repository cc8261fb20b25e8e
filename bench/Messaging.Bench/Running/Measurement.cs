namespace Messaging.Bench.Running;

/// <summary>The figures that a process has measured, by name.</summary>
internal sealed class Measurement : Dictionary<string, double>
{
    /// <summary>Records a second.</summary>
    public const string Rate = "rate";

    /// <summary>Microseconds of the process's CPU time a record, user and system, all threads.</summary>
    public const string Cpu = "cpu_us";

    /// <summary>Managed bytes allocated a record.</summary>
    public const string Allocated = "allocated_bytes";
}
