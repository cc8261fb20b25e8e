using System.Diagnostics;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace InMemoryKafka.Tests;

public class ProgramTests
{
    private static readonly TimeSpan Deadline = Eventually.DefaultDeadline;

    [Test]
    public async Task Other_processes_use_it_like_a_broker()
    {
        using var program = Start("--end-with-stdin", "email.send");
        var address = await FirstLineAsync(program);
        address.ShouldMatch(@"^127\.0\.0\.1:\d+$");

        using var producer = Start("produce", address, "email.send", "key");
        byte[] poison = [0xff, 0x00, 0x0a];
        await producer.StandardInput.BaseStream.WriteAsync(poison);
        producer.StandardInput.Close();
        await producer.WaitForExitAsync().WaitAsync(Deadline);

        producer.ExitCode.ShouldBe(0);
        var record = new KafkaRecords(address).ReadAll("email.send").ShouldHaveSingleItem();
        record.Value.ShouldBe(poison);
        record.KeyText.ShouldBe("key");

        program.StandardInput.Close();
        await program.WaitForExitAsync().WaitAsync(Deadline);
        program.ExitCode.ShouldBe(0);
    }

    [Test]
    public async Task Wrong_arguments_end_it_with_the_reason_and_the_usage()
    {
        using var program = Start("not a topic");
        await program.WaitForExitAsync().WaitAsync(Deadline);
        program.ExitCode.ShouldBe(2);
        var said = await program.StandardError.ReadToEndAsync();
        said.ShouldContain("'not a topic' is not a valid name of a topic");
        said.ShouldContain("usage:");
    }

    private static async Task<string> FirstLineAsync(Process program) =>
        await program.StandardOutput.ReadLineAsync().WaitAsync(Deadline)
        ?? throw new InvalidOperationException($"It ended: {await program.StandardError.ReadToEndAsync()}");

    private static Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", [typeof(InMemoryCluster).Assembly.Location, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}
