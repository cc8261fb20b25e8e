namespace Contracts.Validation;

/// <summary>Which header fields a caller may add to a mail.</summary>
public static class HeaderRules
{
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "From", "Sender", "To", "Cc", "Bcc", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Return-Path", "Received",
        "DKIM-Signature", "Authentication-Results", "Delivered-To", "Envelope-To", "X-Original-To", "Apparently-To", "Errors-To",
    };

    private static readonly string[] ReservedPrefixes = ["Content-", "Resent-", "ARC-"];

    /// <summary>Whether this system, or a server on the way, makes the header: a caller may not.</summary>
    public static bool IsReserved(string name) =>
        Reserved.Contains(name) || ReservedPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    internal static void Check(IReadOnlyDictionary<string, string> headers, ErrorList errors)
    {
        if (headers.Count == 0 || errors.AddTooMany(SendEmailFields.Headers, headers.Count, SendEmailLimits.Headers))
            return;

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in headers)
        {
            var path = $"{SendEmailFields.Headers}.{name}";
            CheckName(path, name, errors);
            CheckValue(path, name, value, errors);
            if (!names.Add(name))
                errors.Add(path, ValidationCodes.DuplicateField, "is given twice (the case of header names does not count); give it once");
        }
    }

    private static void CheckName(string path, string name, ErrorList errors)
    {
        if (name.Length == 0 || !name.All(IsNameCharacter))
            errors.Add(path, ValidationCodes.InvalidHeaderName, "is not a valid header name; letters, digits and !#$%&'*+-.^_`|~ are allowed");
        else if (name.Length > SendEmailLimits.HeaderNameLength)
            errors.Add(path, ValidationCodes.TooLong, $"has a name of {name.Length} characters; at most {SendEmailLimits.HeaderNameLength} are allowed");
        else if (IsReserved(name))
            errors.Add(path, ValidationCodes.ReservedHeader, "is made by the system or by mail servers and cannot be set; use the mail's own fields");
    }

    private static void CheckValue(string path, string name, string value, ErrorList errors)
    {
        if (value.Length > SendEmailLimits.HeaderValueLength)
            errors.Add(path, ValidationCodes.TooLong, $"has {value.Length} characters; at most {SendEmailLimits.HeaderValueLength} are allowed");
        else if (HeaderField.Read(name, value, out _) is { } error)
            errors.Add(path, error.Code, error.Reason);
    }

    // RFC 5322 allows every printable ASCII character but the colon; the token of RFC 9110 is the part of it that all software takes.
    internal static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal);
}
