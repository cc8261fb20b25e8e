using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Consumer.Worker.Tests.Hosting;
using Contracts;
using MailSink;
using MailSink.Rules;
using Npgsql;
using ServiceDefaults.Kafka;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>
/// Topics, a database and a mail server for workers that are processes of their own, and the mails that a test has posted. What
/// must hold at the end, whatever was done to the workers, stands in <see cref="MailAudit"/>.
/// </summary>
internal sealed class MailWorld : IAsyncDisposable
{
    /// <summary>What the test's own connections to the database are called; all others are the workers'.</summary>
    public const string ReaderName = "test";

    private const int MostOfALine = 400;

    private readonly string[] _options;
    private readonly IProducer<string, byte[]> _producer;
    private readonly ConcurrentQueue<PostedMail> _posted = new();
    private readonly ConcurrentQueue<ChildProcess> _workers = new();

    private MailWorld(KafkaFixture kafka, MailTopics topics, string database, SmtpSink sink, string[] options)
    {
        (Kafka, Topics, Sink, _options) = (kafka, topics, sink, options);
        Store = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { ApplicationName = ReaderName });
        _producer = new ProducerBuilder<string, byte[]>(new ProducerConfig
        {
            BootstrapServers = kafka.BootstrapServers,
            Acks = Acks.All,
            LingerMs = 5,
            // The rider's: a mail and its delayed copies are on one partition, and so in order.
            Partitioner = Confluent.Kafka.Partitioner.Murmur2Random,
        }).Build();
    }

    public KafkaFixture Kafka { get; }

    public MailTopics Topics { get; }

    public SmtpSink Sink { get; }

    /// <summary>The workers' database.</summary>
    public NpgsqlDataSource Store { get; }

    /// <summary>All mails posted so far.</summary>
    public IReadOnlyCollection<PostedMail> Posted => _posted;

    public IReadOnlyList<string> DelayTopics => [.. Delays.Select(delay => $"{Topics.Mails}.delay.{delay}")];

    private static string[] Delays => ["1s", "2s", "4s", "8s"];

    /// <summary>Makes one; a database of the run's Postgres unless one is given.</summary>
    public static async Task<MailWorld> StartAsync(PostgresServer? postgres = null, params string[] options)
    {
        var kafka = await KafkaFixture.StartAsync();
        var topics = TestTopics.Of(KafkaFixture.UniqueName("email.send"));
        var database = postgres is null ? await (await PostgresFixture.StartAsync()).CreateDatabaseAsync("failures") : await postgres.CreateDatabaseAsync("failures");
        await Databases.MigrateAsync(database);
        var sink = SmtpSink.StartOnFreePort();
        string[] all =
        [
            $"--Kafka:BootstrapServers={kafka.BootstrapServers}", $"--Database:ConnectionString={database}",
            "--Smtp:Host=127.0.0.1", $"--Smtp:Port={sink.Port}", "--urls=http://127.0.0.1:0", "--Worker:Lease=00:00:03",
            "--Logging:LogLevel:Default=Warning", "--Logging:LogLevel:Microsoft.EntityFrameworkCore=None", .. options,
        ];
        var world = new MailWorld(kafka, topics, database, sink, all);
        foreach (var topic in (string[])[topics.Mails, topics.DeadLetters, .. world.DelayTopics])
            await kafka.CreateTopicAsync(topic);
        return world;
    }

    /// <summary>Starts a worker. It ends with this world at the latest.</summary>
    public ChildProcess StartWorker()
    {
        var worker = WorkerProcess.Start(Topics.Mails, _options);
        _workers.Enqueue(worker);
        return worker;
    }

    /// <summary>Posts mails as the API does.</summary>
    public Task PostAsync(params IEnumerable<PostedMail> mails) => Task.WhenAll(mails.Select(async mail =>
    {
        _posted.Enqueue(mail);
        if (mail.IsTransient)
            Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = mail.Recipient, Times = 1 });
        await _producer.ProduceAsync(Topics.Mails, new Message<string, byte[]>
        {
            Key = mail.Key,
            Value = mail.End == MailEnd.Poison ? "no mail"u8.ToArray() : Value(mail),
            Headers = new Headers { { HeaderNames.MessageId, Encoding.UTF8.GetBytes($"{mail.Id:D}") } },
        });
    }));

    /// <summary>What the database says of one mail; null where it knows nothing of it.</summary>
    public async Task<StoredMail?> FindAsync(PostedMail mail) => (await ReadMailsAsync(mail.Id)).SingleOrDefault();

    /// <summary>What the database says of all mails, or of one.</summary>
    public async Task<IReadOnlyList<StoredMail>> ReadMailsAsync(Guid? id = null)
    {
        await using var command = Store.CreateCommand("""
            SELECT d.id, d.state, d.attempt, d.unknown_outcomes, d.message_id_header, w.name
            FROM email.mails AS d LEFT JOIN email.workers AS w ON w.id = d.worker_id
            WHERE $1 IS NULL OR d.id = $1
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)id ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
        await using var reader = await command.ExecuteReaderAsync();
        var mails = new List<StoredMail>();
        while (await reader.ReadAsync())
        {
            // A worker's name is host:process.
            var process = reader.IsDBNull(5) ? null : (int?)int.Parse(reader.GetString(5).Split(':')[^1], CultureInfo.InvariantCulture);
            mails.Add(new StoredMail(
                reader.GetGuid(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3), reader.IsDBNull(4) ? null : reader.GetString(4), process));
        }

        return mails;
    }

    /// <summary>How often the mail server has stored a mail.</summary>
    public int Stored(PostedMail mail) => Sink.Counters.MessageIds.Of(mail.MessageId, mail.Recipient);

    /// <summary>How many records of a mail lie in a topic.</summary>
    public int Copies(string topic, PostedMail mail) => Kafka.Records.ReadAll(topic).Count(record => record.Header(HeaderNames.MessageId) == $"{mail.Id:D}");

    /// <summary>A number out of the database.</summary>
    public async Task<long> CountAsync(string sql)
    {
        await using var command = Store.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>What the workers wrote last, for a test that failed; the whole of it is left in a file each.</summary>
    public string Logs() => string.Join('\n', _workers.Select(worker =>
    {
        var file = Path.Combine(TestRun.Results, $"worker-{worker.Id}.log");
        File.WriteAllText(file, worker.Log);
        return $"--- worker {worker.Id}{(worker.HasExited ? " (ended)" : "")}, {file}\n{string.Join('\n', worker.Log.Split('\n').TakeLast(12).Select(line => line.Length > MostOfALine ? line[..MostOfALine] : line))}";
    }));

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
            await worker.DisposeAsync();
        _producer.Dispose();
        await Store.DisposeAsync();
        await Sink.DisposeAsync();
    }

    private static byte[] Value(PostedMail mail) =>
        SendEmailJson.Serialize(new SendEmail { From = mail.Sender, To = [mail.Recipient], Subject = "subject", Text = "text" });
}
