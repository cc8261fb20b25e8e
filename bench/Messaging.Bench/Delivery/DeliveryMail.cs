using System.Globalization;
using System.Text;
using Contracts;
using MassTransit;
using Messaging.Bench.Running;
using MimeKit;

namespace Messaging.Bench.Delivery;

/// <summary>The mail of the delivery's rows: a record whose value is 400 bytes, with a key of its own as the API gives it.</summary>
internal static class DeliveryMail
{
    private const int Size = 400;

    private static readonly int Fill = Size - SendEmailJson.Serialize(Of(0, "")).Length;

    /// <summary>The mail of a number.</summary>
    public static SendEmail Of(int number) => Of(number, string.Concat(Enumerable.Repeat("lorem ipsum ", (Fill / 12) + 1))[..Fill]);

    /// <summary>The same for MailKit.</summary>
    public static MimeMessage ToMime(SendEmail mail) => new(
        [MailboxAddress.Parse(mail.From)], [MailboxAddress.Parse(mail.To[0])], mail.Subject!, new TextPart("plain") { Text = mail.Text! });

    /// <summary>The record of a number.</summary>
    public static BenchRecord Record(int number)
    {
        var id = new Guid(number, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8).ToString();
        return new BenchRecord(Encoding.UTF8.GetBytes(id), [.. SendEmailJson.Serialize(Of(number))], [new(MessageHeaders.MessageId, Encoding.UTF8.GetBytes(id))]);
    }

    private static SendEmail Of(int number, string text) => new()
    {
        From = "noreply@shop.example.com",
        To = [string.Create(CultureInfo.InvariantCulture, $"customer-{number:D8}@example.com")],
        Subject = string.Create(CultureInfo.InvariantCulture, $"Your order {number:D8}"),
        Text = text,
    };
}
