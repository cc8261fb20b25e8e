using System.Text;

namespace Contracts.Validation;

/// <summary>
/// Says everything that is wrong with a mail, at once. Both entry points use it: the API before it accepts, the worker for records that
/// came into the topic by another way. Pure; a mail that passed once passes always.
/// </summary>
public static class SendEmailValidator
{
    /// <summary>The errors of <paramref name="mail"/>, in the order of its fields; empty where it may be sent.</summary>
    /// <param name="mail">The mail.</param>
    /// <param name="acceptedAt">When it is accepted: what its <c>scheduled_at</c> is measured from. Null leaves that out.</param>
    public static IReadOnlyList<ValidationError> Validate(SendEmail mail, DateTimeOffset? acceptedAt = null)
    {
        var errors = new ErrorList(mail.Unread);
        From(mail, errors);
        Recipients(mail, errors);
        if (!errors.AddTooMany(SendEmailFields.ReplyTo, mail.ReplyTo.Count, SendEmailLimits.ReplyTo))
            Addresses(SendEmailFields.ReplyTo, mail.ReplyTo, errors);
        Subject(mail, errors);
        Body(mail, errors);
        CalendarRules.Check(mail.Calendar, errors);
        AttachmentRules.Check(mail.Attachments, errors);
        HeaderRules.Check(mail.Headers, errors);
        Tags(mail, errors);
        OrderingKey(mail, errors);
        if (mail.ScheduledAt - acceptedAt > SendEmailLimits.ScheduledAhead || mail.ScheduledIn > SendEmailLimits.ScheduledAhead)
            errors.Add(SendEmailFields.ScheduledAt, ValidationCodes.TooFarAhead, $"is more than {SendEmailLimits.ScheduledAhead.Days} days ahead; schedule it later, or for an earlier time");
        return errors.ToList();
    }

    private static void From(SendEmail mail, ErrorList errors)
    {
        if (mail.From.Length == 0)
            errors.AddMissing(SendEmailFields.From, "is required: one address");
        else
            Address(SendEmailFields.From, mail.From, errors);
    }

    private static void Recipients(SendEmail mail, ErrorList errors)
    {
        var count = (long)mail.To.Count + mail.Cc.Count + mail.Bcc.Count;
        if (count > SendEmailLimits.Recipients)
        {
            errors.Add(SendEmailFields.To, ValidationCodes.TooMany, $"has, with cc and bcc, {count} addresses; at most {SendEmailLimits.Recipients} are allowed in one mail");
            return;
        }

        if (count == 0)
            errors.AddMissing(SendEmailFields.To, "is required: at least one address in to, cc or bcc", SendEmailFields.Cc, SendEmailFields.Bcc);
        Addresses(SendEmailFields.To, mail.To, errors);
        Addresses(SendEmailFields.Cc, mail.Cc, errors);
        Addresses(SendEmailFields.Bcc, mail.Bcc, errors);
    }

    private static void Addresses(string path, IReadOnlyList<string> addresses, ErrorList errors)
    {
        for (var i = 0; i < addresses.Count; i++)
            Address(addresses.Count == 1 ? path : $"{path}[{i}]", addresses[i], errors);
    }

    private static void Address(string path, string text, ErrorList errors)
    {
        if (EmailAddress.Explain(text) is { } reason)
            errors.Add(path, ValidationCodes.InvalidAddress, reason);
    }

    private static void Subject(SendEmail mail, ErrorList errors)
    {
        if (mail.Subject is null)
            errors.AddMissing(SendEmailFields.Subject, "is required; it may be an empty text");
        else
            Line(SendEmailFields.Subject, mail.Subject, SendEmailLimits.SubjectLength, errors);
    }

    private static void Body(SendEmail mail, ErrorList errors)
    {
        if (mail.Text is null && mail.Html is null)
            errors.AddMissing(SendEmailFields.Text, "is required, or html; it may be an empty text", SendEmailFields.Body, SendEmailFields.Html);
        if (mail.Text is not null && !Texts.IsUnicode(mail.Text))
            errors.Add(SendEmailFields.Text, ValidationCodes.InvalidText, "holds half a surrogate pair, which is not a Unicode character");
        if (mail.Html is not null && !Texts.IsUnicode(mail.Html))
            errors.Add(SendEmailFields.Html, ValidationCodes.InvalidText, "holds half a surrogate pair, which is not a Unicode character");
    }

    private static void Tags(SendEmail mail, ErrorList errors)
    {
        if (errors.AddTooMany(SendEmailFields.Tags, mail.Tags.Count, SendEmailLimits.Tags))
            return;
        for (var i = 0; i < mail.Tags.Count; i++)
        {
            var path = $"{SendEmailFields.Tags}[{i}]";
            var (name, value) = mail.Tags[i];
            Word(value is null ? path : $"{path}.{MailTagFields.Name}", name, SendEmailLimits.TagLength, errors);
            if (value is not null)
                Line($"{path}.{MailTagFields.Value}", value, SendEmailLimits.TagLength, errors);
        }
    }

    private static void OrderingKey(SendEmail mail, ErrorList errors)
    {
        if (mail.OrderingKey is null)
            return;

        Word(SendEmailFields.OrderingKey, mail.OrderingKey, int.MaxValue, errors);
        var bytes = Encoding.UTF8.GetByteCount(mail.OrderingKey);
        if (bytes > SendEmailLimits.OrderingKeyBytes)
            errors.Add(SendEmailFields.OrderingKey, ValidationCodes.TooLong, $"has {bytes} bytes in UTF-8; at most {SendEmailLimits.OrderingKeyBytes} are allowed");
    }

    private static void Word(string path, string text, int limit, ErrorList errors)
    {
        if (string.IsNullOrWhiteSpace(text))
            errors.Add(path, ValidationCodes.Empty, "is empty; give a text, or leave it out");
        Line(path, text, limit, errors);
    }

    private static void Line(string path, string text, int limit, ErrorList errors)
    {
        if (!Texts.IsOneLine(text))
            errors.Add(path, ValidationCodes.InvalidText, Texts.OneLineRule);
        if (text.Length > limit)
            errors.Add(path, ValidationCodes.TooLong, $"has {text.Length} characters; at most {limit} are allowed");
    }
}
