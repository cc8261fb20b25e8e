using System.Net;
using System.Net.Sockets;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace EndToEnd;

[Category("local-stack")]
public sealed class LocalMailTests() : MailTests(StackMode.Local);

[Category("local-stack")]
public sealed class LocalUpTests
{
    [Test]
    public async Task Ctrl_C_ends_every_process_that_was_started()
    {
        await using var stack = await DevStack.StartAsync(StackMode.Local);
        var started = stack.Processes();
        started.Keys.ShouldBe(["up", "kafka", "postgres", "mail-sink", "producer-api", "consumer-worker"], ignoreOrder: true);

        stack.Up.Interrupt();

        (await stack.Up.EndsAsync(TimeSpan.FromSeconds(60))).ShouldBe(0, stack.Up.Output);
        stack.Up.Lines[^1].ShouldBe("ended");
        started.Where(process => Directory.Exists($"/proc/{process.Value}")).ShouldBeEmpty();
        stack.Processes().ShouldBeEmpty();
    }

    [Test]
    public async Task A_second_Ctrl_C_does_not_keep_it_from_ending_everything()
    {
        await using var stack = await DevStack.StartAsync(StackMode.Local);
        var started = stack.Processes();

        stack.Up.Interrupt();
        await Eventually.Until(() => stack.Up.Lines.Contains("ending"), TimeSpan.FromSeconds(60), "it ends");
        await Eventually.Until(
            () =>
            {
                if (stack.Up.HasExited)
                    return true;
                stack.Up.Interrupt();
                stack.Up.Terminate();
                return false;
            },
            TimeSpan.FromSeconds(60),
            "it has ended, whatever comes meanwhile");

        stack.Up.ExitCode.ShouldBe(0, stack.Up.Output);
        started.Where(process => Directory.Exists($"/proc/{process.Value}")).ShouldBeEmpty();
    }

    [Test]
    public async Task What_a_killed_up_leaves_behind_is_named_used_and_ended()
    {
        await using var stack = await DevStack.StartAsync(StackMode.Local);
        var left = stack.Processes().Where(process => process.Key != "up").ToList();
        Signals.Send(stack.Processes()["up"], Signal.Kill);
        await stack.Up.EndsAsync(TimeSpan.FromSeconds(60));

        using var ledger = stack.Run("ledger");
        (await ledger.EndsAsync(TimeSpan.FromSeconds(60))).ShouldBe(0, ledger.Output);
        ledger.Output.ShouldContain("was killed and has left this behind");
        foreach (var (name, process) in left)
            ledger.Output.ShouldContain($"{name} (process {process})");

        using var down = stack.Run("down");
        (await down.EndsAsync(TimeSpan.FromSeconds(60))).ShouldBe(0, down.Output);
        left.Where(process => IsRunning(process.Value)).ShouldBeEmpty();
        using var after = stack.Run("demo");
        (await after.EndsAsync(TimeSpan.FromSeconds(60))).ShouldBe(1);
        after.Lines.ShouldHaveSingleItem().ShouldContain("nothing runs");
    }

    [Test]
    public async Task A_killed_worker_is_started_again_and_every_mail_is_sent()
    {
        await using var stack = await DevStack.StartAsync(StackMode.Local);
        var worker = stack.Processes()["consumer-worker"];
        var ids = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => stack.AcceptAsync(EntryPoints.Address("fine"))));

        Signals.Send(worker, Signal.Kill);

        foreach (var id in ids)
            await stack.BecomesAsync(id, "sent");
        stack.Processes()["consumer-worker"].ShouldNotBe(worker);
        stack.Up.Output.ShouldContain("consumer-worker ended; it is started again");
    }

    [Test]
    public async Task Down_ends_what_up_runs()
    {
        await using var stack = await DevStack.StartAsync(StackMode.Local);
        var started = stack.Processes();

        using var down = stack.Run("down");

        (await down.EndsAsync(TimeSpan.FromSeconds(60))).ShouldBe(0, down.Output);
        await stack.Up.EndsAsync(TimeSpan.FromSeconds(60));
        started.Where(process => Directory.Exists($"/proc/{process.Value}")).ShouldBeEmpty();
    }

    [Test]
    public async Task A_taken_port_is_said_in_one_line()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var folder = Path.Combine(TestRun.Directory, "stack-taken");
        using var up = DevCommand.Start(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["DEV_RUN"] = folder, ["API_PORT"] = $"{port}" }, "up", "--local");

        (await up.EndsAsync(TimeSpan.FromSeconds(60))).ShouldBe(1);
        up.Lines.ShouldHaveSingleItem().ShouldBe($"dev: port {port} is taken by another program; end that, or set API_PORT to a free port");
    }

    [TestCase("API_PORT", "0")]
    [TestCase("MAIL_PORT", "http")]
    [TestCase("SMTP_PORT", "65536")]
    public async Task A_port_that_is_none_is_said_in_one_line(string name, string value)
    {
        var folder = Path.Combine(TestRun.Directory, "stack-wrong");
        using var up = DevCommand.Start(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["DEV_RUN"] = folder, [name] = value }, "up", "--local");

        (await up.EndsAsync(TimeSpan.FromSeconds(60))).ShouldBe(1);
        up.Lines.ShouldHaveSingleItem().ShouldBe($"dev: {name} is '{value}'; a port is a number from 1 to 65535");
    }

    /// <summary>Whether there is such a process; one that has ended counts as gone, though nobody may have asked for its exit code.</summary>
    private static bool IsRunning(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].TrimStart()[0] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }
}
