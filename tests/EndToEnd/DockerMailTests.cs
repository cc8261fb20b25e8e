using System.Diagnostics;
using Contracts;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace EndToEnd;

[Category("docker")]
public sealed class DockerMailTests() : MailTests(StackMode.Docker)
{
    private const string KafkaTools = "/opt/kafka/bin/";
    private const string Bootstrap = "--bootstrap-server kafka:19092";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Test]
    public async Task Kafkas_own_tools_list_the_topics()
    {
        var listed = await InKafkaAsync($"{KafkaTools}kafka-topics.sh {Bootstrap} --list");
        listed.Split('\n').ShouldContain(Topics.EmailSend);
        listed.Split('\n').ShouldContain(Topics.EmailSendDeadLetter);
    }

    [Test]
    public async Task What_the_console_producer_writes_is_sent()
    {
        var to = EntryPoints.Address("console");
        var typed = $$"""{"from":"a@example.com","to":"{{to}}","subject":"Typed","body":"text"}""";
        await InKafkaAsync($"echo '{typed}' | {KafkaTools}kafka-console-producer.sh {Bootstrap} --topic {Topics.EmailSend}");

        await Eventually.Until(async () => (await Stack.MailsToAsync(to)).Count == 1, Deadline, $"the sink has a mail to {to}");
    }

    [Test]
    public async Task Consumer_groups_describe_tells_the_lag()
    {
        await Stack.BecomesAsync(await Stack.AcceptAsync(EntryPoints.Address("fine")), "sent");

        await Eventually.Passes(
            () => InKafkaAsync($"{KafkaTools}kafka-consumer-groups.sh {Bootstrap} --describe --group {Groups.EmailSend}"),
            described =>
            {
                // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG ...
                var partitions = described.Split('\n')
                    .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    .Where(columns => columns is [Groups.EmailSend, Topics.EmailSend, ..])
                    .ToArray();
                partitions.ShouldNotBeEmpty();
                partitions.ShouldContain(columns => columns[3] != "-" && columns[3] != "0");
                partitions.ShouldAllBe(columns => columns[5] == "0" || columns[5] == "-");
            },
            Deadline,
            "the group is described with its offsets and without lag");
    }

    [Test]
    public async Task Every_port_is_published_on_the_loopback_alone()
    {
        var ports = await DockerAsync("ps", "--filter", Project, "--format", "{{.Ports}}");
        var published = ports.Split([',', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(port => port.Contains("->", StringComparison.Ordinal))
            .ToArray();
        published.Length.ShouldBe(6);
        published.ShouldAllBe(port => port.StartsWith("127.0.0.1:", StringComparison.Ordinal));
    }

    [TestCase("producer-api")]
    [TestCase("consumer-worker")]
    [TestCase("mail-sink")]
    [TestCase("kafka")]
    public async Task No_service_runs_as_root(string service) =>
        (await DockerAsync("exec", await ContainerAsync(service), "id", "-u")).Trim().ShouldNotBe("0");

    private string Project => $"label=com.docker.compose.project={Stack.Environment["COMPOSE_PROJECT_NAME"]}";

    private async Task<string> InKafkaAsync(string command) => await DockerAsync("exec", await ContainerAsync("kafka"), "bash", "-c", command);

    private async Task<string> ContainerAsync(string service) =>
        (await DockerAsync("ps", "-q", "--filter", Project, "--filter", $"label=com.docker.compose.service={service}")).Trim();

    private static async Task<string> DockerAsync(params string[] arguments)
    {
        using var docker = Process.Start(new ProcessStartInfo("docker", arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = docker.StandardOutput.ReadToEndAsync();
        var error = docker.StandardError.ReadToEndAsync();
        await docker.WaitForExitAsync().WaitAsync(Deadline);
        docker.ExitCode.ShouldBe(0, await error);
        return await output;
    }
}
