using Persistence.Ledger;
using Persistence.Mails;

namespace Consumer.Worker.Ledger;

/// <summary>What speaks for a record below the committed offset.</summary>
internal enum RecordVerdict
{
    /// <summary>Its mail's row: a worker has met this record, or the mail is past it.</summary>
    Row,

    /// <summary>A failure row: it could not be read, or was no copy of the mail that owns its id.</summary>
    Failure,

    /// <summary>Nothing any more: it is older than the retention job's horizon. Whether it ever had a row is not known.</summary>
    Removed,

    /// <summary>Nothing: no row, no failure.</summary>
    NoRow,

    /// <summary>Nothing: the mail's row has not come as far as this record, and waits for it.</summary>
    RowBehind,

    /// <summary>Nothing: the row under its id is another mail's, and it has no failure of its own.</summary>
    OtherMail,
}

/// <summary>
/// Judges a record below the committed offset: whether a worker can have completed it. Pure. It says of committed records what
/// <see cref="Transitions"/> says of those that are being read: one that would still move its mail on was never worked on.
/// </summary>
internal static class RecordProof
{
    /// <summary>Judges a record.</summary>
    /// <param name="store">What the database has for it.</param>
    /// <param name="epoch">The record's epoch.</param>
    /// <param name="attempt">The record's attempt.</param>
    /// <param name="isRemoved">Whether the record is so old that the retention job may have removed what spoke for it.</param>
    public static RecordVerdict Judge(LedgerEntry store, int epoch, int attempt, bool isRemoved) => store switch
    {
        { Row: null } => Without(store, isRemoved, RecordVerdict.NoRow),
        // All records of a mail have one value: this one is another mail's.
        { Row.OtherContent: true } => Without(store, isRemoved, RecordVerdict.OtherMail),
        { Row: { } row } when HasCome(row, epoch, attempt) || IsStored(row, epoch, attempt) || IsOver(row, epoch > row.Epoch) => RecordVerdict.Row,
        _ => store.HasFailure ? RecordVerdict.Failure : RecordVerdict.RowBehind,
    };

    private static RecordVerdict Without(LedgerEntry store, bool isRemoved, RecordVerdict missing) =>
        store.HasFailure ? RecordVerdict.Failure : isRemoved ? RecordVerdict.Removed : missing;

    private static bool HasCome(RowFacts row, int epoch, int attempt) =>
        row.Epoch > epoch || (row.Epoch == epoch && row.Attempt >= attempt);

    /// <summary>A scheduled or held mail: its record was stored in the row, which is what produces the attempt after the row's.</summary>
    private static bool IsStored(RowFacts row, int epoch, int attempt) =>
        row is { State: MailState.Scheduled or MailState.Queued or MailState.Held, OutboxEntry: OutboxKind.Schedule } && row.Epoch == epoch && attempt <= row.Attempt + 1;

    /// <summary>Whether records that the row has not come to are dropped. A dead mail is raised by a later epoch, as is one that a hold has.</summary>
    private static bool IsOver(RowFacts row, bool laterEpoch) => row.State switch
    {
        MailState.Sent or MailState.Canceled or MailState.Discarded => true,
        MailState.Held => row.OutboxEntry != OutboxKind.Schedule || !laterEpoch,
        MailState.Dead => !laterEpoch,
        _ => false,
    };
}
