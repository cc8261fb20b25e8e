namespace Consumer.Worker;

/// <summary>Over what the mails of a stream that wait are taken in turn.</summary>
internal enum FairBy
{
    /// <summary>The sender's address: one that sends very many holds up no other.</summary>
    Sender,

    /// <summary>Nothing: they are taken as they come.</summary>
    None,
}
