using System.Globalization;
using System.Threading.Channels;
using Confluent.Kafka;
using Contracts;
using MailKit.Net.Smtp;
using MailKit.Security;
using Messaging.Bench.Running;
using Npgsql;

namespace Messaging.Bench.Delivery;

/// <summary>
/// The bound: a bare consumer, MailKit and three plain statements a mail, with nothing of ours between them. Each mail's record is read, its
/// JSON too, a row is committed before it is sent and one for its recipient with its end after that, what many mails write at once by one
/// statement; no retry, no lease, no failure, no order, no health.
/// </summary>
internal static class BoundLoop
{
    // As many at once as the worker has by default, and as many starts to warm up.
    private const int AtOnce = 240;
    private const int WarmUpStarts = 4;

    private const string Tables = """
        CREATE TABLE mails (id uuid PRIMARY KEY, state text NOT NULL, created_at timestamptz NOT NULL, sent_at timestamptz) WITH (fillfactor = 50);
        CREATE TABLE recipients (mail_id uuid, address text, state text NOT NULL, PRIMARY KEY (mail_id, address));
        """;

    private const string Begin = "INSERT INTO mails (id, state, created_at) SELECT unnest($1), 'sending', now()";

    private const string EndRecipients = "INSERT INTO recipients (mail_id, address, state) SELECT unnest($1), unnest($2), 'sent'";

    private const string EndMails = "UPDATE mails SET state = 'sent', sent_at = now() WHERE id = ANY ($1)";

    public static Func<ScenarioInput, Task<Measurement>> Over(string sink) => async input =>
    {
        for (var start = 0; start < WarmUpStarts; start++)
            await SendAsync(input, input.WarmUpTopic, sink, Math.Max(1, input.WarmUp / WarmUpStarts));
        return await SendAsync(input, input.Topic, sink, input.Records);
    };

    private static async Task<Measurement> SendAsync(ScenarioInput input, string topic, string sink, int mails)
    {
        GC.Collect();
        var server = input.Servers[DeliveryServers.Database];
        var name = $"bench_{Guid.NewGuid():N}";
        await Postgres.ExecuteAsync(server, $"CREATE DATABASE {name}");
        var database = new NpgsqlConnectionStringBuilder(server) { Database = name, MaxAutoPrepare = 10, AutoPrepareMinUsages = 1 }.ConnectionString;
        await Postgres.ExecuteAsync(database, Tables);
        var stretch = new Stretch(mails);
        await using (var source = NpgsqlDataSource.Create(database))
        {
            var (records, begun, ended) = (Channel.CreateBounded<byte[]>(1_000), new Writer(source, Begin), new Writer(source, EndRecipients, EndMails));
            using var connections = await SmtpConnections.OpenAsync(int.Parse(input.Servers[sink], CultureInfo.InvariantCulture));
            var reading = Task.Factory.StartNew(() => Read(input, topic, mails, records.Writer), TaskCreationOptions.LongRunning);
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
            {
                await foreach (var record in records.Reader.ReadAllAsync())
                {
                    var (id, mail) = (Guid.NewGuid(), SendEmailJson.Deserialize(record));
                    await begun.WriteAsync(id, mail.To[0]);
                    using (var message = DeliveryMail.ToMime(mail))
                        await connections.SendAsync(message);
                    await ended.WriteAsync(id, mail.To[0]);
                    stretch.Ended();
                }
            })));
            await reading;
            await Task.WhenAll(begun.CompleteAsync(), ended.CompleteAsync());
        }

        await Postgres.ExecuteAsync(server, $"DROP DATABASE {name} WITH (FORCE)");
        return await stretch.Measured;
    }

    private static void Read(ScenarioInput input, string topic, int mails, ChannelWriter<byte[]> records)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
        {
            BootstrapServers = input.BootstrapServers,
            GroupId = $"{topic}-{Guid.NewGuid():N}",
            AutoOffsetReset = AutoOffsetReset.Earliest,
        }).Build();
        consumer.Subscribe(topic);
        for (var read = 0; read < mails;)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is not { } record)
                continue;
            read++;
            while (!records.TryWrite(record.Message.Value))
                records.WaitToWriteAsync().AsTask().GetAwaiter().GetResult();
        }

        records.Complete();
        consumer.Close();
    }

    /// <summary>As many connections as the worker has.</summary>
    private sealed class SmtpConnections : IDisposable
    {
        private readonly Channel<SmtpClient> _idle = Channel.CreateUnbounded<SmtpClient>();

        public static async Task<SmtpConnections> OpenAsync(int port)
        {
            var connections = new SmtpConnections();
            for (var connection = 0; connection < WorkerScenario.Connections; connection++)
            {
                var client = new SmtpClient();
                await client.ConnectAsync("127.0.0.1", port, SecureSocketOptions.None);
                connections._idle.Writer.TryWrite(client);
            }

            return connections;
        }

        public async Task SendAsync(MimeKit.MimeMessage message)
        {
            var client = await _idle.Reader.ReadAsync();
            await client.SendAsync(message);
            _idle.Writer.TryWrite(client);
        }

        public void Dispose()
        {
            while (_idle.Reader.TryRead(out var client))
                client.Dispose();
        }
    }

    /// <summary>Writes what waits for it by one batch of statements, one batch at a time.</summary>
    private sealed class Writer
    {
        private readonly Channel<(Guid Id, string Address, TaskCompletionSource Done)> _waiting = Channel.CreateUnbounded<(Guid, string, TaskCompletionSource)>();
        private readonly Task _writing;

        public Writer(NpgsqlDataSource source, params string[] statements) => _writing = Task.Run(() => WriteAllAsync(source, statements));

        public Task WriteAsync(Guid id, string address)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Writer.TryWrite((id, address, done));
            return done.Task;
        }

        public Task CompleteAsync()
        {
            _waiting.Writer.Complete();
            return _writing;
        }

        private async Task WriteAllAsync(NpgsqlDataSource source, string[] statements)
        {
            await using var connection = await source.OpenConnectionAsync();
            while (await _waiting.Reader.WaitToReadAsync())
            {
                var mails = new List<(Guid Id, string Address, TaskCompletionSource Done)>();
                while (_waiting.Reader.TryRead(out var mail))
                    mails.Add(mail);
                var ids = mails.ConvertAll(mail => mail.Id);
                await using var batch = new NpgsqlBatch(connection);
                foreach (var statement in statements)
                {
                    var command = new NpgsqlBatchCommand(statement) { Parameters = { new NpgsqlParameter<List<Guid>> { TypedValue = ids } } };
                    if (statement == EndRecipients)
                        command.Parameters.Add(new NpgsqlParameter<List<string>> { TypedValue = mails.ConvertAll(mail => mail.Address) });
                    batch.BatchCommands.Add(command);
                }

                await batch.ExecuteNonQueryAsync();
                foreach (var (_, _, done) in mails)
                    done.SetResult();
            }
        }
    }
}
