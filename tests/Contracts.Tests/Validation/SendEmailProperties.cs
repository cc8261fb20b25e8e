using Contracts.Validation;
using FsCheck;
using FsCheck.Fluent;

namespace Contracts.Tests.Validation;

/// <summary>What holds for every mail, however odd.</summary>
public class SendEmailProperties
{
    // Biased to what breaks headers and addresses; plain random text seldom gets past the first check.
    private static readonly Gen<string> Nasty = Gen.Elements(
            "a", "b", "@", "x.org", ".", " ", "\t", "\r", "\n", "\r\n ", "<", ">", ",", ";", ":", "\"", "\\", "(", ")", "[", "]",
            "é", "日", "🎉", "\ud800", "\u0000", "\u007f", "\u0085", "\u2028", "ann@example.com", "Ann ")
        .ArrayOf().Select(parts => string.Concat(parts));

    private static readonly Gen<string> Address = Gen.Frequency(
        (3, Gen.Constant("ann@example.com")), (1, Nasty), (2, Nasty.Select(name => $"{name} <ann@example.com>")), (1, Nasty.Select(user => $"{user}@example.com")));

    // Half of the attachments could pass, so that the rest of the mail is looked at.
    private static readonly Gen<Attachment> AnyAttachment =
        from filename in Gen.OneOf(Gen.Elements("a.pdf", "Übersicht 1.pdf", "🎉"), Nasty)
        from type in Gen.OneOf(Gen.Elements("text/csv; charset=utf-8", "image/png"), Nasty.Select(text => "text/" + text)).OrNull()
        from id in Gen.OneOf(Gen.Elements("logo", "a.b@example.com"), Nasty).OrNull()
        from bytes in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf()
        select new Attachment { Filename = filename, ContentType = type, ContentId = id, Content = bytes };

    private static readonly Gen<SendEmail> AnyMail =
        from sender in Address
        from to in Address.ListOf(2)
        from subject in Nasty.OrNull()
        from text in Nasty.OrNull()
        from name in Nasty.Where(n => n.Length > 0)
        from value in Nasty
        from key in Nasty.OrNull()
        from attachments in AnyAttachment.ListOf(1)
        select new SendEmail
        {
            From = sender,
            To = [.. to],
            Attachments = attachments,
            Subject = subject,
            Text = text,
            OrderingKey = key,
            Tags = [value],
            Headers = new Dictionary<string, string> { [name] = value, ["X-Plain"] = value },
        };

    [Test]
    public void A_valid_mail_has_no_line_break_or_control_character_in_anything_that_becomes_a_header() =>
        Check.One(Thorough, Prop.ForAll(AnyMail.Select(Fixed).ToArbitrary(), mail =>
        {
            if (SendEmailValidator.Validate(mail).Count > 0)
                return true;

            return new[] { mail.From, mail.Subject!, mail.OrderingKey ?? "" }
                .Concat(mail.Attachments.SelectMany(attachment => new[] { attachment.Filename, attachment.ContentType ?? "", attachment.ContentId ?? "" }))
                .Concat(mail.Recipients).Concat(mail.Tags.Select(tag => tag.Name)).Concat(mail.Headers.Keys).Concat(mail.Headers.Values)
                .All(text => !text.Any(c => char.IsControl(c) && c != '\t'));
        }));

    [Test]
    public void A_valid_mail_has_addresses_that_no_SMTP_command_can_be_hidden_in() =>
        Check.One(Thorough, Prop.ForAll(Address.ToArbitrary(), text =>
            !EmailAddress.TryParse(text, out var address)
            || !address.Address.Any(char.IsControl) && address.Address.Contains('@', StringComparison.Ordinal) && !address.Host.Any(c => c is ' ' or '<' or '>')));

    [Test]
    public void Writing_and_reading_keeps_every_mail_that_is_valid() =>
        Check.One(Thorough, Prop.ForAll(AnyMail.Select(Fixed).ToArbitrary(), mail =>
        {
            if (SendEmailValidator.Validate(mail).Count > 0)
                return true;

            var bytes = SendEmailJson.Serialize(mail);
            var again = SendEmailJson.Deserialize(bytes);
            return again.Unread.Count == 0 && SendEmailValidator.Validate(again).Count == 0 && SendEmailJson.Serialize(again).SequenceEqual(bytes);
        }));

    [Test]
    public void Validation_answers_for_every_mail() =>
        Check.One(Thorough, Prop.ForAll(AnyMail.ToArbitrary(), mail =>
        {
            SendEmailValidator.Validate(mail).ShouldAllBe(error => error.Path.Length > 0 && error.Code.Length > 0 && error.Message.Length > 0);
            return true;
        }));

    private static Config Thorough => Config.QuickThrowOnFailure.WithMaxTest(2_000);

    // Lets enough mails through that the property is about valid ones: drops the parts that are wrong most often.
    private static SendEmail Fixed(SendEmail mail) => mail with
    {
        From = EmailAddress.TryParse(mail.From, out _) ? mail.From : "ann@example.com",
        To = mail.To.Where(to => EmailAddress.TryParse(to, out _)).DefaultIfEmpty("bob@example.com").ToList(),
        Text = mail.Text is null || mail.Text.Contains('\ud800', StringComparison.Ordinal) ? "" : mail.Text,
        Headers = mail.Headers.Where(header => header.Key == "X-Plain").ToDictionary(),
        Attachments = [.. mail.Attachments.Where(attachment => SendEmailValidator.Validate(Mails.Valid with { Attachments = [attachment] }).Count == 0)],
    };
}
