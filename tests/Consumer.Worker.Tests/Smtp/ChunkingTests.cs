using Consumer.Worker.Smtp;
using Contracts;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

/// <summary>BDAT is said where the server offers CHUNKING and the operator lets it, and nowhere else.</summary>
internal sealed class ChunkingTests
{
    // By its zero MailKit makes the text binary for a server with BINARYMIME: then it can go by BDAT alone.
    private const string Text = "one\r\n.\r\n\0\r\n";

    [TestCase("8BITMIME,CHUNKING", true, "BDAT")]
    [TestCase("8BITMIME,BINARYMIME,CHUNKING", true, "BDAT")]
    [TestCase("PIPELINING,8BITMIME,CHUNKING", true, "BDAT")]
    [TestCase("8BITMIME,CHUNKING", false, "DATA")]
    [TestCase("8BITMIME,BINARYMIME,CHUNKING", false, "DATA")]
    [TestCase("8BITMIME,BINARYMIME", true, "DATA", TestName = "A firewall that takes CHUNKING out gets DATA")]
    [TestCase("8BITMIME", true, "DATA")]
    public async Task What_is_offered_and_what_is_allowed_decide(string extensions, bool chunking, string verb)
    {
        await using var server = new DialectServer(extensions.Split(','));

        await SendTwoAsync(server.Port, chunking);

        var commands = await server.CommandsAsync();
        commands.Select(command => command.Split(' ')[0]).ShouldBe(["EHLO", "MAIL", "RCPT", verb, "MAIL", "RCPT", verb, "QUIT"]);
        commands.Count(command => command.EndsWith(" LAST", StringComparison.Ordinal)).ShouldBe(verb == "BDAT" ? 2 : 0);
        commands.Any(command => command.Contains("BODY=BINARYMIME", StringComparison.Ordinal)).ShouldBe(verb == "BDAT" && extensions.Contains("BINARYMIME", StringComparison.Ordinal));
    }

    [TestCase("500 5.5.2 Syntax error, command unrecognized")]
    [TestCase("502 5.5.1 Command not implemented")]
    [TestCase("503 5.5.1 Bad sequence of commands")]
    public async Task A_server_that_offers_CHUNKING_and_does_not_know_BDAT_gets_the_mail_by_DATA_and_BDAT_never_again(string refusal)
    {
        await using var server = new DialectServer(["8BITMIME", "CHUNKING"], refusal, clients: 2);

        await SendTwoAsync(server.Port, chunking: true);

        (await server.CommandsAsync()).Select(command => command.Split(' ')[0]).Where(verb => verb is "BDAT" or "DATA").ShouldBe(["BDAT", "DATA", "DATA"]);
    }

    private static async Task SendTwoAsync(int port, bool chunking)
    {
        var options = new SmtpOptions { Host = "127.0.0.1", Port = port, Chunking = chunking };
        var mail = MailComposer.Compose(
            new SendEmail { From = "ann@example.com", To = ["bob@example.com"], Subject = "Grüße", Text = Text }, "id@example.com", DateTimeOffset.UnixEpoch);
        await using var pool = new SmtpConnectionPool(Microsoft.Extensions.Options.Options.Create(options), new SmtpAvailability(TimeProvider.System), TimeProvider.System);
        for (var i = 0; i < 2; i++)
        {
            var result = await new SmtpSender(pool, NullLogger<SmtpSender>.Instance).SendAsync(mail, ["bob@example.com"], () => { }, CancellationToken.None);
            result.Recipients.ShouldHaveSingleItem().Outcome.ShouldBe(RecipientOutcome.Accepted);
        }
    }
}
