using Contracts;
using Contracts.Validation;
using Producer.Api.Security;

namespace Producer.Api.Emails;

/// <summary>Whether a key may send from a mail's domain.</summary>
internal static class SenderRule
{
    /// <summary>What is wrong, to follow the field's name; null where nothing is.</summary>
    /// <param name="mail">The mail, valid.</param>
    /// <param name="caller">Whose it is.</param>
    public static string? Explain(SendEmail mail, Caller caller)
    {
        if (caller.FromDomains.Count == 0 || (EmailAddress.TryParse(mail.From, out var from) && caller.FromDomains.Contains(from.AsciiHost, StringComparer.OrdinalIgnoreCase)))
            return null;
        return $"has a domain that the key '{caller.Name}' may not send from; it may from {string.Join(", ", caller.FromDomains)}";
    }
}
