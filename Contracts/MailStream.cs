using System.Diagnostics.CodeAnalysis;

namespace Contracts;

/// <summary>The stream of a mail: who gets out of whose way. Each has a topic of its own, and the topic that a record is in decides.</summary>
public enum MailStream
{
    /// <summary>Somebody waits for it: a password reset, an order. <see cref="Topics.EmailSend"/>, the default.</summary>
    Transactional,

    /// <summary>Nobody waits for it: a newsletter. <see cref="Topics.EmailSendBulk"/>; it goes as transactional mails leave room, and a tenth of the pace at least.</summary>
    Bulk,
}

/// <summary>The streams' names, as a mail's field <c>stream</c> has them.</summary>
public static class MailStreams
{
    private const string Transactional = "transactional";
    private const string Bulk = "bulk";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [Transactional, Bulk];

    /// <summary>The name of a stream.</summary>
    /// <param name="stream">The stream.</param>
    public static string ToText(this MailStream stream) => stream == MailStream.Bulk ? Bulk : Transactional;

    /// <summary>Reads a name.</summary>
    /// <param name="text">The name.</param>
    /// <param name="stream">The stream; null where there is none of that name.</param>
    public static bool TryRead(string? text, [NotNullWhen(true)] out MailStream? stream)
    {
        stream = text switch
        {
            Transactional => MailStream.Transactional,
            Bulk => MailStream.Bulk,
            _ => null,
        };
        return stream is not null;
    }
}
