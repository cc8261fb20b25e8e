using MailSink.Rules;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>What a mail that fails leaves in the log.</summary>
internal sealed class WorkerLogTests
{
    private readonly LogLines _log = new();
    private RunningWorker _worker = null!;

    [OneTimeSetUp]
    public async Task StartWorker() => _worker = await RunningWorker.StartAsync(_log, "--Logging:LogLevel:Default=Information");

    [OneTimeTearDown]
    public async Task StopWorker()
    {
        await _worker.DisposeAsync();
        _log.Dispose();
    }

    [Test]
    public async Task A_refused_address_is_one_line_without_a_stack_and_no_error()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550, "5.1.1 no such user")) { Recipient = "gone@*" });
        var id = await _worker.PostAsync("gone@example.com");

        var lines = await LinesOfAsync(id, "Dead letter");
        var line = lines.ShouldHaveSingleItem();
        line.Text.ShouldContain("550 5.1.1 no such user");
        (line.Level, line.HasStack).ShouldBe((LogLevel.Warning, false));
    }

    [Test]
    public async Task Each_redelivery_is_one_line_that_says_when_and_why()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451, "4.3.0 later")) { Recipient = "always@*" });
        var id = await _worker.PostAsync("always@example.com");

        var lines = await LinesOfAsync(id, "Dead letter");
        lines.Count(line => line.Text.Contains("is delivered again at", StringComparison.Ordinal) && line.Text.Contains("451 4.3.0 later", StringComparison.Ordinal)).ShouldBe(2);
        lines.Count.ShouldBe(3);
        lines.ShouldAllBe(line => line.Level <= LogLevel.Warning && !line.HasStack);
    }

    private async Task<IReadOnlyList<LogLine>> LinesOfAsync(Guid id, string last)
    {
        await _worker.WhenAsync(id, MailState.Dead);
        await Eventually.Until(() => Lines().Any(line => line.Text.Contains(last, StringComparison.Ordinal)), null, $"the log says '{last}' of {id}");
        return Lines();

        IReadOnlyList<LogLine> Lines() => [.. _log.Lines.Where(line => line.Text.Contains($"{id}", StringComparison.Ordinal))];
    }
}
