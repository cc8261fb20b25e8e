namespace Persistence.Failures;

/// <summary>One header of a Kafka record. Names may repeat, and their order counts.</summary>
/// <param name="Name">The header's name.</param>
/// <param name="Value">Its bytes, or null where it has none.</param>
public sealed record RecordHeader(string Name, ReadOnlyMemory<byte>? Value);
