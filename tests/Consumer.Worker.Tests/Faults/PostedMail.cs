namespace Consumer.Worker.Tests.Faults;

/// <summary>How a mail must end.</summary>
internal enum MailEnd
{
    /// <summary>Sent, at once or after what failed transiently.</summary>
    Sent,

    /// <summary>Dead: refused permanently. One failure.</summary>
    Dead,

    /// <summary>No mail at all: no row, one failure.</summary>
    Poison,
}

/// <summary>A record that a test put into the topic, and what must become of it.</summary>
internal sealed record PostedMail(Guid Id, string Recipient, MailEnd End)
{
    /// <summary>Whether the server defers it once.</summary>
    public bool IsTransient => Recipient.StartsWith("transient", StringComparison.Ordinal);

    public string MessageId => $"{Id:D}@example.com";

    /// <summary>Who sends it.</summary>
    public string Sender { get; init; } = "ann@example.com";

    /// <summary>The record's key: mails of one are sent one after another.</summary>
    public string Key { get; init; } = $"{Id:D}";

    /// <summary>One that is sent at the first try.</summary>
    public static PostedMail Plain() => Of("plain", MailEnd.Sent);

    /// <summary>
    /// One that the server defers once: in its life, not in each round as <c>fail-451-once</c>, where one that is asked about again after
    /// its RCPT was taken (a lease that ran out, a broken connection) is deferred again.
    /// </summary>
    public static PostedMail Transient() => Of("transient", MailEnd.Sent);

    /// <summary>One that the server refuses permanently.</summary>
    public static PostedMail Permanent() => Of("fail-550", MailEnd.Dead);

    /// <summary>Bytes that are not a mail.</summary>
    public static PostedMail Poison() => Of("poison", MailEnd.Poison);

    // The sink reads an address' first part; what follows the + sets mails apart.
    private static PostedMail Of(string what, MailEnd end)
    {
        var id = Guid.NewGuid();
        return new PostedMail(id, $"{what}+{id:N}@example.com", end);
    }
}

/// <summary>What the database says of a mail.</summary>
internal sealed record StoredMail(Guid Id, string State, int Attempt, int Unknown, string? MessageId, int? WorkerProcess);
