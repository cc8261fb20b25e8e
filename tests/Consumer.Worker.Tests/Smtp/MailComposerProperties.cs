using Consumer.Worker.Smtp;
using Contracts;
using Contracts.Validation;
using FsCheck;
using FsCheck.Fluent;
using MimeKit;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

/// <summary>
/// What holds for the MIME form of every mail, however odd its texts: read again by a parser, it has the headers and parts that it
/// was given and no others. Also for mails that no validation has seen.
/// </summary>
internal sealed class MailComposerProperties
{
    private static readonly Gen<string> Nasty = Gen.Elements(
            "a", "b", "@", "x.org", ".", " ", "\t", "\r", "\n", "\r\n ", "\r\n", "X-Injected: 1", "\r\nX-Injected: 1\r\n\r\n", "<", ">", ",", ";", ":", "\"",
            "\\", "(", ")", "[", "]", "=?utf-8?q?=0D=0A?=", "%0D%0A", "--", "é", "日", "🎉", "\ud800", "\u0000", "\u007f", "\u0085", "\u2028", "\u202e", "/", "'", "*")
        .ArrayOf().Select(parts => string.Concat(parts));

    private static readonly Gen<string> Address = Gen.Frequency(
        (4, Gen.Constant("ann@example.com")), (2, Nasty.Select(name => $"{name} <ann@example.com>")), (1, Nasty), (1, Nasty.Select(user => $"{user}@example.com")));

    private static readonly Gen<Attachment> AnyAttachment =
        from filename in Gen.OneOf(Gen.Constant("a.pdf"), Nasty)
        from type in Gen.OneOf(Gen.Constant("image/png"), Nasty.Select(text => "text/" + text), Nasty.Select(text => "text/csv; charset=" + text)).OrNull()
        from id in Gen.OneOf(Gen.Constant("logo"), Nasty).OrNull()
        from bytes in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf()
        select new Attachment { Filename = filename, ContentType = type, ContentId = id, Content = bytes };

    private static readonly Gen<SendEmail> AnyMail =
        from sender in Address
        from to in Address.NonEmptyListOf()
        from cc in Address.ListOf()
        from replyTo in Address.ListOf()
        from subject in Nasty
        from text in Nasty.OrNull()
        from html in Nasty.OrNull()
        from name in Gen.Frequency((3, Gen.Constant("X-A")), (1, Nasty))
        from value in Nasty
        from attachments in AnyAttachment.ListOf()
        select new SendEmail
        {
            From = sender,
            To = [.. to],
            Cc = [.. cc],
            Bcc = ["hidden@example.com"],
            ReplyTo = [.. replyTo],
            Subject = subject,
            Text = text,
            Html = html,
            Headers = new Dictionary<string, string> { [name] = value },
            Attachments = [.. attachments],
        };

    private static Config Thorough => Config.QuickThrowOnFailure.WithMaxTest(3_000);

    [Test]
    public void No_text_of_a_mail_that_was_never_validated_makes_a_header_or_a_part() =>
        Check.One(Thorough, Prop.ForAll(AnyMail.ToArbitrary(), mail =>
        {
            if (TryCompose(mail) is { } bytes)
                ShouldBe(bytes, mail);
            return true;
        }));

    [Test]
    public void A_valid_mail_is_composed_and_read_again_as_it_was_given()
    {
        var composed = 0;
        Check.One(Thorough, Prop.ForAll(AnyMail.Select(Fixed).ToArbitrary(), mail =>
        {
            if (SendEmailValidator.Validate(mail).Count > 0)
                return true;
            composed++;
            ShouldBe(TryCompose(mail).ShouldNotBeNull("what passed validation is composed"), mail);
            return true;
        }));
        composed.ShouldBeGreaterThan(1_000, "the property is about many mails");
    }

    [Test]
    public void A_mail_is_as_long_as_it_is_measured_which_BDAT_says_before_it([Values] EncodingConstraint constraint) =>
        Check.One(Thorough, Prop.ForAll(AnyMail.ToArbitrary(), mail =>
        {
            if (TryMessage(mail) is not { } message)
                return true;
            var format = new FormatOptions { NewLineFormat = NewLineFormat.Dos, EnsureNewLine = true };
            message.Prepare(constraint, 998);
            using var measured = new MimeKit.IO.MeasuringStream();
            message.WriteTo(format, measured);
            using var sent = new MemoryStream();
            message.WriteToAsync(format, sent).GetAwaiter().GetResult();
            return measured.Length == sent.Length;
        }));

    private static void ShouldBe(byte[] bytes, SendEmail mail)
    {
        var message = MimeMessage.Load(new MemoryStream(bytes));

        // The mail's own headers, those of the caller, and those of the outermost part.
        string[] known = ["FROM", "TO", "CC", "REPLY-TO", "SUBJECT", "DATE", "MESSAGE-ID", "MIME-VERSION", .. mail.Headers.Keys.Select(name => name.ToUpperInvariant())];
        message.Headers.Select(header => header.Field.ToUpperInvariant()).ShouldBeSubsetOf(known);
        message.Body!.Headers.Select(header => header.Id).ShouldBeSubsetOf([HeaderId.ContentType, HeaderId.ContentTransferEncoding]);
        message.Headers.Select(header => header.Field.ToUpperInvariant()).ShouldBeUnique();
        message.To.Mailboxes.Count().ShouldBe(mail.To.Count);
        message.Cc.Mailboxes.Count().ShouldBe(mail.Cc.Count);
        message.ReplyTo.Mailboxes.Count().ShouldBe(mail.ReplyTo.Count);
        message.From.Mailboxes.Count().ShouldBe(1);
        // Folding may change white space, and nothing else.
        Dense(message.Subject).ShouldBe(Dense(mail.Subject!));
        foreach (var (name, value) in mail.Headers)
            Dense(message.Headers[name]).ShouldBe(Dense(value));
        message.From.Mailboxes.Concat(message.To.Mailboxes).Select(mailbox => Dense(mailbox.Name))
            .ShouldBe(new[] { mail.From }.Concat(mail.To).Select(text => EmailAddress.TryParse(text, out var address) ? Dense(address.DisplayName) : "no address"));
        System.Text.Encoding.Latin1.GetString(bytes).ShouldNotContain("hidden@example.com");

        // Each text that it has, and each file.
        var parts = message.BodyParts.OfType<MimePart>().ToList();
        parts.Count.ShouldBe(Math.Max(1, (mail.Text is null ? 0 : 1) + (mail.Html is null ? 0 : 1)) + mail.Attachments.Count);
        var files = parts.Where(part => part.ContentDisposition is not null).ToList();
        files.Select(file => file.FileName).ShouldBe(mail.Attachments.Select(attachment => attachment.Filename), ignoreOrder: true);
        files.Select(file => file.ContentId).ShouldBe(mail.Attachments.Select(attachment => attachment.ContentId), ignoreOrder: true);
        files.Select(Bytes).ShouldBe(mail.Attachments.Select(attachment => Convert.ToHexString(attachment.Content!.Value.Span)), ignoreOrder: true);
        HeaderId[] ofFiles = [HeaderId.ContentType, HeaderId.ContentDisposition, HeaderId.ContentTransferEncoding, HeaderId.ContentId];
        foreach (var file in files)
            file.Headers.Select(header => header.Id).ShouldBeSubsetOf(ofFiles);
    }

    private static byte[]? TryCompose(SendEmail mail)
    {
        if (TryMessage(mail) is not { } message)
            return null;
        using var stream = new MemoryStream();
        message.WriteTo(stream);
        return stream.ToArray();
    }

    private static MimeMessage? TryMessage(SendEmail mail)
    {
        try
        {
            return MailComposer.Compose(mail, "id@example.com", DateTimeOffset.UnixEpoch).Message;
        }
        catch (PermanentMailException)
        {
            return null;
        }
    }

    // Half a surrogate pair, which only a mail that was never validated has, becomes U+FFFD.
    private static string Dense(string? text) =>
        string.Concat((text ?? "").EnumerateRunes().Where(rune => !System.Text.Rune.IsWhiteSpace(rune)));

    private static string Bytes(MimePart part)
    {
        using var stream = new MemoryStream();
        part.Content!.DecodeTo(stream);
        return Convert.ToHexString(stream.ToArray());
    }

    // Leaves out what is wrong most often, so that most mails pass.
    private static SendEmail Fixed(SendEmail mail)
    {
        bool Passes(Func<SendEmail, SendEmail> change) =>
            SendEmailValidator.Validate(change(new SendEmail { From = "a@example.com", To = ["b@example.com"], Subject = "", Text = "" })).Count == 0;

        return mail with
        {
            From = EmailAddress.TryParse(mail.From, out _) ? mail.From : "ann@example.com",
            To = [.. mail.To.Where(to => EmailAddress.TryParse(to, out _)).DefaultIfEmpty("bob@example.com")],
            Cc = [.. mail.Cc.Where(cc => EmailAddress.TryParse(cc, out _))],
            ReplyTo = [.. mail.ReplyTo.Where(to => EmailAddress.TryParse(to, out _))],
            Subject = Passes(plain => plain with { Subject = mail.Subject }) ? mail.Subject : "",
            Text = Passes(plain => plain with { Text = mail.Text, Html = "" }) ? mail.Text : "",
            Html = Passes(plain => plain with { Html = mail.Html }) ? mail.Html : "",
            Headers = Passes(plain => plain with { Headers = mail.Headers }) ? mail.Headers : new Dictionary<string, string>(),
            Attachments = [.. mail.Attachments.Where(attachment => Passes(plain => plain with { Attachments = [attachment] })).DistinctBy(attachment => attachment.ContentId ?? attachment.GetHashCode().ToString(System.Globalization.CultureInfo.InvariantCulture))],
        };
    }
}
