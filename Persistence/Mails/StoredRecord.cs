using System.Text.Json;

namespace Persistence.Mails;

/// <summary>
/// The record that sends a scheduled mail when it is due, as long as the mail waits: it waits here alone, and Kafka need not
/// be read. Columns of <c>email.mails</c>, apart from <see cref="Mail"/> so that who reads a mail's state does not
/// read its bytes.
/// </summary>
public sealed class StoredRecord
{
    /// <summary>The mail's id.</summary>
    public Guid Id { get; init; }

    /// <summary>The record's key.</summary>
    public byte[]? Key { get; init; }

    /// <summary>The record's value; null once the mail is claimed.</summary>
    public byte[]? Value { get; init; }

    /// <summary>The record's headers, in the form of <see cref="Failures.HeaderJson"/>.</summary>
    public JsonDocument? Headers { get; init; }
}
