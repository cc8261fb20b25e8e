using System.Globalization;
using MailKit.Net.Smtp;
using MailKit.Security;
using Messaging.Bench.Running;

namespace Messaging.Bench.Delivery;

/// <summary>The peer: MailKit in a loop on as many connections as the worker has, with nothing read and nothing written down.</summary>
internal static class BareLoop
{
    public static Func<ScenarioInput, Task<Measurement>> Over(string sink) => async input =>
    {
        var port = int.Parse(input.Servers[sink], CultureInfo.InvariantCulture);
        await SendAsync(input.WarmUp);
        return await SendAsync(input.Records);

        async Task<Measurement> SendAsync(int mails)
        {
            GC.Collect();
            var stretch = new Stretch(mails);
            var next = -1;
            await Task.WhenAll(Enumerable.Range(0, WorkerScenario.Connections).Select(_ => Task.Run(async () =>
            {
                using var client = new SmtpClient();
                await client.ConnectAsync("127.0.0.1", port, SecureSocketOptions.None);
                for (var i = Interlocked.Increment(ref next); i < mails; i = Interlocked.Increment(ref next))
                {
                    using var message = DeliveryMail.ToMime(DeliveryMail.Of(i));
                    await client.SendAsync(message);
                    stretch.Ended();
                }

                await client.DisconnectAsync(quit: true);
            })));
            return await stretch.Measured;
        }
    };
}
