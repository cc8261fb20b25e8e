using System.Runtime.InteropServices;
using Confluent.Kafka;
using Messaging.Kafka.Wire;

namespace Messaging.Kafka.Delay;

/// <summary>When a record leaves its delay topic, and when it is due at its own. No I/O.</summary>
/// <param name="Release">When it leaves.</param>
/// <param name="Due">When it is due.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DelayPlan(DateTimeOffset Release, DateTimeOffset Due)
{
    /// <summary>
    /// What a hop takes at the least where the broker's clock tells when it began: behind ours, each hop would end as soon as it has
    /// begun, and the record would go round and round.
    /// </summary>
    private static readonly TimeSpan LeastHop = TimeSpan.FromSeconds(1);

    /// <param name="written">The record's timestamp.</param>
    /// <param name="due">Its due time, as its header has it. One that cannot be read sends it back at its tier's end, as does none: early or late is better than never.</param>
    /// <param name="readAt">When it was read. It was not written after that, whatever its timestamp says: one of the year 9999 would hold its partition until then.</param>
    /// <param name="tier">The delay of the topic that it is in.</param>
    public static DelayPlan Of(Timestamp written, string? due, DateTimeOffset readAt, TimeSpan tier)
    {
        var begun = RecordNumbers.Time(written);
        var ends = (begun < readAt ? begun : readAt) + tier;
        if (written.Type == TimestampType.LogAppendTime && readAt + (tier < LeastHop ? tier : LeastHop) is var least && ends < least)
            ends = least;
        var dueAt = RecordNumbers.Time(due) ?? ends;
        return new DelayPlan(dueAt < ends ? dueAt : ends, dueAt);
    }
}
