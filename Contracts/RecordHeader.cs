namespace Contracts;

/// <summary>One header of a Kafka record. Names may repeat, and their order counts.</summary>
/// <param name="Name">The header's name.</param>
/// <param name="Value">Its bytes, or null where it has none; <see cref="HeaderText"/> reads and writes them.</param>
public sealed record RecordHeader(string Name, byte[]? Value)
{
    /// <summary>A header whose value is text.</summary>
    /// <param name="name">The header's name.</param>
    /// <param name="value">Its text.</param>
    public RecordHeader(string name, string value)
        : this(name, HeaderText.Of(value))
    {
    }

    /// <summary>A header whose value is a number.</summary>
    /// <param name="name">The header's name.</param>
    /// <param name="value">Its number.</param>
    public RecordHeader(string name, long value)
        : this(name, HeaderText.Of(value))
    {
    }

    /// <summary>A header whose value is an id.</summary>
    /// <param name="name">The header's name.</param>
    /// <param name="value">Its id.</param>
    public RecordHeader(string name, Guid value)
        : this(name, HeaderText.Of(value))
    {
    }
}
