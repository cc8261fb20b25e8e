using System.Net;
using Contracts.Validation;
using Microsoft.Extensions.Options;

namespace Consumer.Worker.Smtp;

/// <summary>
/// Who this worker may write to (<see cref="SmtpOptions.OnlyTo"/>), and where mails for all others go instead
/// (<see cref="SmtpOptions.RedirectTo"/>): so that a copy of a system, as in staging, writes to nobody by accident. What cannot be told
/// is not allowed.
/// </summary>
internal sealed class RecipientRules
{
    private readonly HashSet<string>? _allowed;

    public RecipientRules(IOptions<SmtpOptions> options)
        : this(options.Value)
    {
    }

    internal RecipientRules(SmtpOptions options)
    {
        _allowed = string.IsNullOrEmpty(options.OnlyTo) ? null : [.. Entries(options.OnlyTo).Select(MailAddresses.Comparable)];
        RedirectTo = string.IsNullOrEmpty(options.RedirectTo) ? null : options.RedirectTo;
        Note = (options.OnlyTo, RedirectTo) switch
        {
            (null or "", null) => null,
            (null or "", { } one) => $"Smtp:RedirectTo: every mail goes to {one} instead of its recipients.",
            ({ } list, null) => $"Smtp:OnlyTo: mails go to {list} alone; for everybody else they are held back.",
            ({ } list, { } one) => $"Smtp:OnlyTo and Smtp:RedirectTo: mails for others than {list} go to {one}.",
        };
    }

    /// <summary>Where mails for those who may not be written to go; none: they are held back.</summary>
    public string? RedirectTo { get; }

    /// <summary>What is so restricted, for the log and for health; none where nothing is.</summary>
    public string? Note { get; }

    /// <summary>Why a mail is held back from a recipient.</summary>
    public static string Reason => $"Held back: {SmtpOptions.Section}:{nameof(SmtpOptions.OnlyTo)} does not name this recipient.";

    /// <summary>Whether a mail may go to this address itself.</summary>
    public bool Allows(string address) => _allowed is null
        ? RedirectTo is null
        : _allowed.Contains(MailAddresses.Comparable(address)) || _allowed.Contains(MailAddresses.Comparable(MailAddresses.DomainOf(address)));

    /// <summary>Whether a mail for this address goes nowhere.</summary>
    public bool HoldsBack(string address) => RedirectTo is null && !Allows(address);

    /// <summary>The entry of <see cref="SmtpOptions.OnlyTo"/> that is neither an address nor a domain, or null.</summary>
    public static string? WrongEntry(string list) => Entries(list) is { Length: > 0 } entries
        ? Array.Find(entries, entry => entry.Contains('@', StringComparison.Ordinal) ? !IsAddress(entry) : !IsDomain(entry))
        : list;

    /// <summary>Whether a text is one bare address.</summary>
    public static bool IsAddress(string text) => EmailAddress.TryParse(text, out var address) && address.Address == text;

    private static bool IsDomain(string text) => !IPAddress.TryParse(text, out _) && EmailAddress.TryParse($"a@{text}", out _);

    private static string[] Entries(string list) => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
