using Npgsql;
using Persistence.Text;

namespace Persistence.Mails;

/// <summary>The row that a claim did not get, with what the refusal tells about it.</summary>
internal sealed record ClaimRow(
    RowFacts Facts,
    Guid? WorkerId,
    string? WorkerName,
    DateTimeOffset? LeaseUntil,
    int? NextAttempt,
    DateTimeOffset? Due,
    string? Reason)
{
    /// <summary>Reads a line of <see cref="ClaimSql.Explain"/>; null where the mail has no row.</summary>
    public static ClaimRow? Read(NpgsqlDataReader reader)
    {
        if (!reader.GetBoolean(reader.GetOrdinal("has_row")))
            return null;
        var facts = new RowFacts(
            reader.GetInt32(reader.GetOrdinal("epoch")),
            reader.GetInt32(reader.GetOrdinal("attempt")),
            EnumText.Require<MailState>(reader.GetString(reader.GetOrdinal("state"))),
            EnumText.Parse<OutboxKind>(Value<string?>(reader, "outbox_entry")),
            reader.GetBoolean(reader.GetOrdinal("marked")),
            EnumText.Require<Holder>(reader.GetString(reader.GetOrdinal("holder"))),
            reader.GetBoolean(reader.GetOrdinal("other_content")));
        return new ClaimRow(
            facts,
            Value<Guid?>(reader, "worker_id"),
            Value<string?>(reader, "name"),
            Value<DateTimeOffset?>(reader, "lease_until"),
            Value<int?>(reader, "outbox_attempt"),
            Value<DateTimeOffset?>(reader, "next_attempt_at"),
            Value<string?>(reader, "outbox_reason"));
    }

    /// <summary>What the claiming worker is told; null where it may claim after all, as the row has changed.</summary>
    public ClaimResult? Refusal(ClaimDecision decision) => decision switch
    {
        ClaimDecision.Busy => new ClaimResult.Busy(WorkerId ?? Guid.Empty, WorkerName ?? "unknown", LeaseUntil ?? DateTimeOffset.MinValue),
        ClaimDecision.OutboxPending => new ClaimResult.OutboxPending(Facts.OutboxEntry!.Value, NextAttempt, Due, Reason ?? ""),
        ClaimDecision.Stale => new ClaimResult.Stale(Facts.State, Facts.Epoch, Facts.Attempt),
        ClaimDecision.IdempotencyConflict => new ClaimResult.IdempotencyConflict(),
        _ => null,
    };

    private static T? Value<T>(NpgsqlDataReader reader, string column)
    {
        var ordinal = reader.GetOrdinal(column);
        return reader.IsDBNull(ordinal) ? default : reader.GetFieldValue<T>(ordinal);
    }
}
