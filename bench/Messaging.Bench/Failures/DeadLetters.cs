using System.Globalization;
using System.Text;
using Contracts;
using Messaging.Bench.Delivery;
using Messaging.Bench.Running;

namespace Messaging.Bench.Failures;

/// <summary>Dead letters as the worker writes them.</summary>
internal static class DeadLetters
{
    /// <summary>The dead letter of a number.</summary>
    public static BenchRecord Record(int number)
    {
        var record = DeliveryMail.Record(number);
        return record with
        {
            Headers =
            [
                .. record.Headers,
                new(HeaderNames.Reason, "fault"u8.ToArray()),
                new(HeaderNames.FaultExceptionType, "Consumer.Worker.Smtp.PermanentMailException"u8.ToArray()),
                new(HeaderNames.FaultMessage, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
                    $"The mail server refused 1 recipient permanently: customer-{number:D8}@example.com: 550 5.1.1 No such user here"))),
                new(HeaderNames.FaultStackTrace, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("   at Consumer.Worker.Sending.SendEmailConsumer.Consume()\n", 10)))),
                new(HeaderNames.OriginalTopic, "email.send"u8.ToArray()),
                new(HeaderNames.OriginalPartition, "0"u8.ToArray()),
                new(HeaderNames.OriginalOffset, Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture))),
                new(HeaderNames.OriginalGroup, "email-send-group"u8.ToArray()),
            ],
        };
    }
}
