namespace Contracts.Validation;

/// <summary>Explains a field that a mail does not have: one of later versions, a misspelling, or foreign.</summary>
internal static class UnknownFields
{
    private static readonly string NoField = $"is not a field of a mail; a mail has {string.Join(", ", SendEmailFields.All)}";

    private static readonly Dictionary<string, string> Slips = SendEmailFields.All.ToDictionary(Plain, StringComparer.OrdinalIgnoreCase);

    public static string CodeOf(string name) =>
        SendEmailFields.NotSupportedYet.Contains(name, StringComparer.Ordinal) ? ValidationCodes.NotSupported : ValidationCodes.UnknownField;

    public static string Explain(string name)
    {
        if (CodeOf(name) == ValidationCodes.NotSupported)
            return "is not supported yet; send the mail without it";

        // "replyTo" and "Reply-To" for "reply_to" are the usual slips.
        return Slips.TryGetValue(Plain(name), out var meant) ? $"is not a field of a mail; did you mean '{meant}'?" : NoField;
    }

    private static string Plain(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
}
