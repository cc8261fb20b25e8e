namespace Persistence.Keys;

/// <summary>What an API key may do; each says one thing, and a key has those that it needs.</summary>
public enum KeyScope
{
    /// <summary>Post mails; cancel and reschedule its own.</summary>
    Send,

    /// <summary>Read its own mails and their failures.</summary>
    Read,

    /// <summary>Replay and discard failures, hold mails and release them, see the state of the system; and read, cancel and reschedule the mails of all, where it may read or send.</summary>
    Operate,

    /// <summary>Make, list, rotate and revoke keys.</summary>
    Admin,
}
