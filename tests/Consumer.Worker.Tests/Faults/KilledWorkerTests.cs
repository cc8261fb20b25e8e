using Confluent.Kafka;
using Contracts;
using InMemoryKafka;
using MailSink;
using MailSink.Rules;
using Npgsql;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>A worker that is killed with mails under way, on a Kafka of its own, as its topics have fixed names.</summary>
public class KilledWorkerTests
{
    private const int Connections = 20;

    private static readonly int Mails = 1_000 * Chaos.Rounds;
    private static readonly int Kills = 3 * Chaos.Rounds;

    [Test]
    public async Task Each_mail_has_one_end_and_only_those_being_answered_at_the_kill_are_sent_twice()
    {
        using var kafka = InMemoryCluster.Start();
        foreach (var topic in new[] { Topics.EmailSend, Topics.EmailSendDeadLetter, "email.send.delay.1s", "email.send.delay.2s", "email.send.delay.4s", "email.send.delay.8s" })
            kafka.CreateTopic(topic);
        var postgres = await PostgresFixture.StartAsync();
        var database = await postgres.CreateDatabaseAsync("killed");
        await using var sink = SmtpSink.StartOnFreePort();
        sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.Wait(TimeSpan.FromMilliseconds(20))));
        string[] options =
        [
            $"--Kafka:BootstrapServers={kafka.BootstrapServers}", $"--Database:ConnectionString={database}",
            "--Smtp:Host=127.0.0.1", $"--Smtp:Port={sink.Port}", $"--Smtp:MaxConnections={Connections}", "--urls=http://127.0.0.1:0",
            "--Worker:Lease=00:00:03", "--Logging:LogLevel:Default=Warning",
        ];
        await using (var migrate = WorkerProcess.Start(["migrate", .. options]))
            await Eventually.Until(async () => await TableExistsAsync(database), TimeSpan.FromSeconds(60), $"the schema is there; the log: {migrate.Log}");

        await ProduceAsync(kafka.BootstrapServers);
        for (var kill = 1; kill <= Kills; kill++)
        {
            await using var worker = WorkerProcess.Start(options);
            var enough = kill * Mails / (Kills + 1);
            await Eventually.Until(() => sink.Counters.Mails >= enough, TimeSpan.FromSeconds(60), $"{enough} mails have reached the sink; the log: {worker.Log}");
            await worker.KillAsync();
        }

        await using var last = WorkerProcess.Start(options);
        await Eventually.Value(() => CountAsync(database, "state = 'sent'"), sent => sent == Mails, TimeSpan.FromSeconds(90), $"all {Mails} mails are sent");

        (await CountAsync(database, "true")).ShouldBe(Mails);
        var twice = sink.Counters.MessageIds.Duplicates;
        twice.Count.ShouldBeLessThanOrEqualTo(Kills * Connections);

        // What went twice is known to have been in doubt.
        var doubtful = await CountAsync(database, "unknown_outcomes > 0");
        twice.Count.ShouldBeLessThanOrEqualTo((int)doubtful);
        new KafkaRecords(kafka.BootstrapServers).ReadAll(Topics.EmailSendDeadLetter)
            .Select(letter => $"{letter.Header("MT-Fault-ExceptionType")}: {letter.Header("MT-Fault-Message")}").ShouldBeEmpty();
        await Eventually.Until(() => new KafkaRecords(kafka.BootstrapServers).Lag(Groups.EmailSend, Topics.EmailSend) == 0, null, "no lag is left");
    }

    private static async Task ProduceAsync(string bootstrapServers)
    {
        using var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig { BootstrapServers = bootstrapServers, Acks = Acks.All }).Build();
        await Task.WhenAll(Enumerable.Range(0, Mails).Select(number =>
        {
            var id = Guid.NewGuid();
            var mail = new SendEmail { From = "ann@example.com", To = [$"b{number}@example.com"], Subject = $"{number}", Text = "text" };
            return producer.ProduceAsync(Topics.EmailSend, new Message<string, byte[]>
            {
                Key = $"{id:D}",
                Value = SendEmailJson.Serialize(mail),
                Headers = new Headers { { HeaderNames.MessageId, System.Text.Encoding.UTF8.GetBytes($"{id:D}") } },
            });
        }));
    }

    private static async Task<bool> TableExistsAsync(string database)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT to_regclass('email.mail_ledger') IS NOT NULL", connection);
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<long> CountAsync(string database, string condition)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM email.deliveries WHERE {condition}", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
