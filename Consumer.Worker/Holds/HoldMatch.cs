using Consumer.Worker.Sending;
using Consumer.Worker.Smtp;
using Contracts;
using Persistence.Holds;

namespace Consumer.Worker.Holds;

/// <summary>Which hold is on a mail. Pure.</summary>
internal static class HoldMatch
{
    /// <summary>The hold on a mail: of several the first that cancels, else the oldest; null where none is.</summary>
    /// <param name="holds">The holds in force, the oldest first.</param>
    /// <param name="mail">The mail.</param>
    /// <param name="stream">Its stream.</param>
    public static Hold? Of(IReadOnlyList<Hold> holds, IncomingMail mail, MailStream stream)
    {
        Hold? oldest = null;
        foreach (var hold in holds)
        {
            if ((hold.Mode == HoldMode.Cancel || oldest is null) && IsOn(hold, mail, stream))
            {
                if (hold.Mode == HoldMode.Cancel)
                    return hold;
                oldest = hold;
            }
        }

        return oldest;
    }

    private static bool IsOn(Hold hold, IncomingMail mail, MailStream stream) => hold.Value is not { } value ? hold.Scope == HoldScope.All : hold.Scope switch
    {
        HoldScope.Stream => stream.ToText() == value,
        HoldScope.Sender => IsSame(mail.Record.Sender, value),
        HoldScope.Domain => mail.Record.Recipients.Any(recipient => IsSame(MailAddresses.DomainOf(recipient.Address), value)),
        HoldScope.Tag => mail.Mail.Tags.Any(tag => tag.IsCalled(value)),
        HoldScope.SubjectPrefix => mail.Mail.Subject?.StartsWith(value, StringComparison.OrdinalIgnoreCase) == true,
        _ => false,
    };

    private static bool IsSame(string one, string other) => MailAddresses.Comparable(one) == MailAddresses.Comparable(other);
}
