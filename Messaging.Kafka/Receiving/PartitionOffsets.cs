namespace Messaging.Kafka.Receiving;

/// <summary>
/// The contiguous watermark of one assigned partition: records are admitted in the order of their offsets and completed in
/// any order; the offset to commit never passes a record that is not completed. No locks, no I/O.
/// </summary>
/// <remarks>Offsets may have gaps (compaction, transaction markers), so records are known by the sequence of their admission.</remarks>
internal sealed class PartitionOffsets
{
    private long[] _offsets = new long[64];
    private bool[] _completed = new bool[64];
    private long _head;
    private long _next;
    private long _end;

    /// <summary>The offset to commit: that of the oldest record that is not completed, or the one after the newest; null before the first record.</summary>
    public long? Watermark { get; private set; }

    /// <summary>How many admitted records lie at or above the watermark, completed or not: what a restart would read again.</summary>
    public int Span => (int)(_next - _head);

    /// <summary>Whether the watermark has moved: past a record, or to the partition's end.</summary>
    public bool HasMoved { get; private set; }

    /// <summary>How many records lie below the watermark since the first was admitted.</summary>
    public long Passed => _head;

    /// <summary>The offset of the oldest record that is not completed, or null where all are.</summary>
    public long? Oldest => _head == _next ? null : _offsets[Slot(_head)];

    /// <summary>Takes in the next record.</summary>
    /// <param name="offset">Its offset, greater than that of any record before it.</param>
    /// <returns>Its sequence, to tell <see cref="Complete"/>.</returns>
    public long Admit(long offset)
    {
        if (_next > 0 && Span > 0 && offset <= _offsets[Slot(_next - 1)])
            throw new ArgumentOutOfRangeException(nameof(offset), offset, "Records are admitted in the order of their offsets.");

        if (Span == _offsets.Length)
            Grow();

        var sequence = _next++;
        _offsets[Slot(sequence)] = offset;
        _completed[Slot(sequence)] = false;
        if (Span == 1)
            Watermark = offset;
        return sequence;
    }

    /// <summary>Notes that a record is completed: handled, or durably written elsewhere. Noting it twice changes nothing.</summary>
    /// <param name="sequence">What <see cref="Admit"/> returned.</param>
    public void Complete(long sequence)
    {
        if (sequence < _head)
            return;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sequence, _next);

        _completed[Slot(sequence)] = true;
        while (_head < _next && _completed[Slot(_head)])
        {
            Watermark = _offsets[Slot(_head)] + 1;
            _head++;
            HasMoved = true;
        }

        if (_head < _next)
            Watermark = _offsets[Slot(_head)];
        else
            MoveToEnd();
    }

    /// <summary>
    /// Notes that the partition was read to its end: what lies between its last record and the end is none (transaction markers, records
    /// of transactions that were aborted), and no record completed would ever move the watermark past it.
    /// </summary>
    /// <param name="offset">The end: the offset of the next record that will be written.</param>
    public void ReachedEnd(long offset)
    {
        _end = offset;
        if (_head == _next)
            MoveToEnd();
    }

    /// <summary>Nothing is completed, and what was committed before does not count.</summary>
    public void BeginAtStart() => (Watermark, HasMoved) = (0, true);

    private void MoveToEnd()
    {
        if (_end > (Watermark ?? 0))
            (Watermark, HasMoved) = (_end, true);
    }

    private int Slot(long sequence) => (int)(sequence & (_offsets.Length - 1));

    private void Grow()
    {
        var offsets = new long[_offsets.Length * 2];
        var completed = new bool[offsets.Length];
        for (var sequence = _head; sequence < _next; sequence++)
        {
            var slot = (int)(sequence & (offsets.Length - 1));
            offsets[slot] = _offsets[Slot(sequence)];
            completed[slot] = _completed[Slot(sequence)];
        }

        _offsets = offsets;
        _completed = completed;
    }
}
