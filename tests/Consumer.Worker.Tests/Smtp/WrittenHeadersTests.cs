using System.Text;
using Consumer.Worker.Smtp;
using Contracts;
using Contracts.Validation;
using FsCheck;
using FsCheck.Fluent;
using MimeKit;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

/// <summary>The header fields of a mail as their bytes, and as a reader gets them.</summary>
internal sealed class WrittenHeadersTests
{
    private static readonly SendEmail Mail = new() { From = "ann@example.com", To = ["bob@example.com"], Subject = "s", Text = "t" };

    [TestCase("\"Dwayne \\\"The Rock\\\" Johnson\" <d@example.com>", "Dwayne \"The Rock\" Johnson")]
    [TestCase("Nat \"King\" Cole <n@example.com>", "Nat King Cole")]
    [TestCase("\" Ann \" <a@example.com>", " Ann ")]
    [TestCase("\" Jürgen \" <a@example.com>", " Jürgen ")]
    [TestCase("\"back\\\\slash\" <a@example.com>", "back\\slash")]
    [TestCase("=?utf-8?q?a?= <a@example.com>", "=?utf-8?q?a?=")]
    [TestCase("O'Brien (Sales). <o@example.com>", "O'Brien (Sales).")]
    public void A_name_is_shown_as_it_was_meant(string text, string name)
    {
        Read(Mail with { From = text }).From.Mailboxes.Single().Name.ShouldBe(name);
        Read(Mail with { To = [text, "bob@example.com"] }).To.Mailboxes.Select(mailbox => mailbox.Name ?? "").ShouldBe([name, ""]);
        Read(Mail with { Headers = One("Disposition-Notification-To", text) }).Headers["Disposition-Notification-To"].ShouldNotBeNull().ShouldContain("@example.com>");
    }

    [TestCase(" two  blanks ")]
    [TestCase(" ")]
    [TestCase("\ttabs\t")]
    [TestCase("Grüße  aus Köln ")]
    [TestCase("plain Grüße plain")]
    [TestCase("plain  Grüße  plain  ")]
    [TestCase("=?utf-8?q?a?= b")]
    [TestCase("")]
    [TestCase("🎉🎉🎉")]
    public void A_subject_is_shown_as_it_was_given(string subject) => SubjectOf(Mail with { Subject = subject }).ShouldBe(subject);

    [Test]
    public void However_long_a_subject_is_its_lines_and_encoded_words_are_not()
    {
        string[] subjects = [new string('a', 998), new string('é', 998), string.Concat(Enumerable.Repeat("🎉", 499)), string.Concat(Enumerable.Repeat("wört ", 199)), string.Concat(Enumerable.Repeat("word ", 199)) + "e"];
        foreach (var subject in subjects)
        {
            var mail = Mail with { Subject = subject, Headers = One("X-" + new string('n', 74), subject[..400]) };
            SubjectOf(mail).ShouldBe(subject);
            ShouldBeInLimits(Source(mail));
        }
    }

    [Test]
    public void Every_valid_header_field_is_written_in_lines_and_words_that_are_allowed()
    {
        var text = Gen.Elements("a", "é", "🎉", " ", "  ", "\t", "word", "=?", "\"", "\\", "<", ">", ",", ".", new string('w', 70), new string('w', 300), new string('ü', 90)).ArrayOf().Select(string.Concat);
        var any =
            from subject in text
            from name in text
            from field in Gen.Elements("X-A", "List-ID", "List-Help", "References", "Comments", "Disposition-Notification-To", "X-" + new string('n', 74))
            from value in Gen.OneOf(text, text.Select(inner => $"<https://example.com/{inner}>"), text.Select(inner => $"{inner} <a@example.com>"))
            select Mail with { Subject = subject, To = [$"\"{name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\" <bob@example.com>"], Headers = One(field, value) };
        var composed = 0;
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3_000), Prop.ForAll(any.ToArbitrary(), mail =>
        {
            if (SendEmailValidator.Validate(mail).Count > 0)
                return true;
            composed++;
            ShouldBeInLimits(Source(mail));
            SubjectOf(mail).ShouldBe(mail.Subject);
            return true;
        }));
        composed.ShouldBeGreaterThan(300);
    }

    [Test]
    public void Domains_are_in_A_labels_everywhere_in_the_mail()
    {
        var source = Source(Mail with { From = "Jürgen <j@BÜCHER.example>", To = ["b@bu\u0308cher.example", "b@xn--bcher-kva.example"], Cc = ["Ü <c@ｂüｃｈｅｒ.example>"], ReplyTo = ["r@bücher.example"] });

        Ascii.IsValid(source).ShouldBeTrue();
        foreach (var address in new[] { "j", "b", "c", "r" })
            source.ShouldContain($"{address}@xn--bcher-kva.example");
        source.ShouldNotContain("2pa");
    }

    [Test]
    public void Bytes_beyond_ASCII_stand_in_a_header_only_where_SMTPUTF8_is_needed()
    {
        using var plain = Compose(Mail with { Subject = "ü", From = "ü <a@ü.example>", Headers = new Dictionary<string, string> { ["X-A"] = "ü", ["List-ID"] = "ü <ü.example>", ["List-Help"] = "<https://ü.example/ü>", ["Disposition-Notification-To"] = "ü <a@ü.example>" } });
        plain.NeedsSmtpUtf8.ShouldBeFalse();
        plain.Message.Headers.ShouldAllBe(header => Ascii.IsValid(header.RawValue));

        using var reply = Compose(Mail with { ReplyTo = ["jürgen@example.com"], Headers = One("References", "<grün@example.com>") });
        reply.Utf8Fields.ShouldBe(["reply_to", "References"]);
        reply.Message.Headers.Single(header => header.Field == "References").RawValue.ShouldBe(Encoding.UTF8.GetBytes(" <grün@example.com>\n"));
    }

    [Test]
    public void Without_SMTPUTF8_a_recipient_who_needs_it_stands_in_the_header_as_a_name()
    {
        using var mail = Compose(Mail with { To = ["Jürgen <jürgen@bücher.example>", "bob@example.com"], Cc = ["øle@example.com"] });
        mail.NeedsSmtpUtf8.ShouldBeTrue();
        mail.Message.To.Mailboxes.Count().ShouldBe(2);

        mail.ToAscii();

        mail.NeedsSmtpUtf8.ShouldBeFalse();
        mail.Message.Headers.ShouldAllBe(header => Ascii.IsValid(header.RawValue));
        var read = Read(mail.Message);
        read.To.Mailboxes.Single().Address.ShouldBe("bob@example.com");
        read.To.OfType<GroupAddress>().Single().ShouldSatisfyAllConditions(group => group.Name.ShouldBe("Jürgen jürgen@xn--bcher-kva.example"), group => group.Members.ShouldBeEmpty());
        read.Cc.OfType<GroupAddress>().Single().Name.ShouldBe("øle@example.com");
    }

    [Test]
    public void Structured_fields_are_encoded_as_such()
    {
        var source = Source(Mail with
        {
            Headers = new Dictionary<string, string>
            {
                ["List-ID"] = "Bücher, neu <list.bücher.example>",
                ["List-Unsubscribe"] = "<https://bücher.example/ü>,<mailto:off@example.com>",
                ["Disposition-Notification-To"] = "ann@example.com",
            },
        });

        source.ShouldContain("List-ID: =?utf-8?");
        source.ShouldContain(" <list.xn--bcher-kva.example>\n");
        source.ShouldContain("List-Unsubscribe: <https://xn--bcher-kva.example/%C3%BC>,");
        source.ShouldContain("Disposition-Notification-To: ann@example.com\n");
    }

    /// <summary>Whatever the validation takes as an address, the worker writes, and a reader reads as the same; with the envelope's commands too.</summary>
    [Test]
    public void Validation_and_composer_agree_on_every_address()
    {
        var piece = Gen.Elements(
            "a", "b", "Z", "9", ".", "..", "@", "@", "x.org", "[", "]", "[127.0.0.1]", "[IPv6:::1]", "IPv6:", ":", "\\", "\"", "\"a b\"", "\\\"", "(", ")", "<", ">", ",", ";", " ", "é", "ß", "日", "🎉",
            "\u0300", "\u200b", "\u00a0", "\u202e", "xn--", "xn--bcher-kva", "-", "_", "%", "'", "=?", "?=", "ü.example", "。", "０", "\ud800", "\u007f", "\t");
        var text = Gen.Frequency(
            (2, piece.ArrayOf().Select(string.Concat)),
            (3, from user in piece.NonEmptyListOf() from host in piece.NonEmptyListOf() select $"{string.Concat(user)}@{string.Concat(host)}"),
            (2, piece.NonEmptyListOf().Select(user => $"{string.Concat(user)}@example.com")),
            (2, piece.NonEmptyListOf().Select(host => $"a@[{string.Concat(host)}]")),
            (2, piece.NonEmptyListOf().Select(user => $"\"{string.Concat(user)}\"@example.com")),
            (2, piece.NonEmptyListOf().Select(name => $"{string.Concat(name)} <ann@example.com>")));
        var taken = 0;
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(30_000), Prop.ForAll(text.ToArbitrary(), address =>
        {
            var mail = Mail with { From = address, To = [address], ReplyTo = [address] };
            if (SendEmailValidator.Validate(mail).Count > 0)
                return true;
            taken++;
            EmailAddress.TryParse(address, out var mailbox).ShouldBeTrue();
            using var composed = Compose(mail);
            var read = Read(composed.Message);
            foreach (var list in new[] { read.From, read.To, read.ReplyTo })
            {
                var found = list.Mailboxes.ShouldHaveSingleItem();
                found.Address.ShouldBe(mailbox!.WireAddress, address);
                (found.Name ?? "").ShouldBe(mailbox.DisplayName, address);
            }

            composed.Sender.GetAddress(idnEncode: false).ShouldBe(mailbox!.WireAddress);
            composed.Sender.GetAddress(idnEncode: true).ShouldBe(mailbox.WireAddress);
            return true;
        }));
        taken.ShouldBeGreaterThan(1_000);
    }

    /// <summary>What a reader makes of it that leaves blanks as they are; MimeKit's own cuts them off.</summary>
    private static string SubjectOf(SendEmail mail)
    {
        var raw = Encoding.UTF8.GetString(Read(mail).Headers.Single(header => header.Id == HeaderId.Subject).RawValue);
        return MimeKit.Utils.Rfc2047.DecodeText(Encoding.UTF8.GetBytes(raw.Replace("\n", "", StringComparison.Ordinal).TrimStart(' ')));
    }

    private static void ShouldBeInLimits(string source)
    {
        var head = source[..source.IndexOf("\n\n", StringComparison.Ordinal)];
        foreach (var line in head.Split('\n'))
        {
            Encoding.UTF8.GetByteCount(line).ShouldBeLessThanOrEqualTo(998);
            line.ShouldNotBeNullOrWhiteSpace();
            foreach (var word in line.Split(' ').Where(word => word.StartsWith("=?utf-8?", StringComparison.Ordinal)))
            {
                word.TrimEnd(',', ';').Length.ShouldBeLessThanOrEqualTo(75);
                line.Length.ShouldBeLessThanOrEqualTo(76);
            }
        }
    }

    private static Dictionary<string, string> One(string name, string value) => new() { [name] = value };

    private static OutgoingMail Compose(SendEmail mail) => MailComposer.Compose(mail, "id@example.com", DateTimeOffset.UnixEpoch);

    private static string Source(SendEmail mail)
    {
        using var composed = Compose(mail);
        using var stream = new MemoryStream();
        composed.Message.WriteTo(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static MimeMessage Read(SendEmail mail)
    {
        using var composed = Compose(mail);
        return Read(composed.Message);
    }

    private static MimeMessage Read(MimeMessage message)
    {
        var stream = new MemoryStream();
        message.WriteTo(stream);
        stream.Position = 0;
        return MimeMessage.Load(stream);
    }
}
