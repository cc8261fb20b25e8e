using System.Net;
using System.Net.Sockets;
using MailSink.Hosting;
using Microsoft.Extensions.Options;

namespace MailSink.Tests.Hosting;

[NonParallelizable]
internal sealed class SinkHostTests
{
    [TestCase("Sink:SmtpPort")]
    [TestCase("Sink:HttpPort")]
    public async Task A_taken_port_is_one_clear_line_and_exit_code_1(string key)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        string[] free = [.. new[] { "Sink:SmtpPort", "Sink:HttpPort" }.Where(other => other != key).Select(other => $"--{other}=0")];

        var (code, said) = await RunAsync([.. free, $"--{key}={port}"]);

        code.ShouldBe(1);
        said.ShouldHaveSingleItem().ShouldContain($"127.0.0.1:{port}");
        said[0].ShouldContain(key);
    }

    [Test]
    public async Task Every_option_that_is_wrong_is_named_at_once()
    {
        var (code, said) = await RunAsync(
            ["--Sink:BindAddress=here", "--Sink:SmtpPort=70000", "--Sink:MaxMessages=0", "--Sink:Username=ann", "--Sink:IdleTimeout=0"]);

        code.ShouldBe(1);
        said.Length.ShouldBe(5);
        foreach (var key in new[] { "BindAddress", "SmtpPort", "MaxMessages", "Password", "IdleTimeout" })
            said.ShouldContain(line => line.Contains("Sink:" + key, StringComparison.Ordinal));
    }

    [TestCase("--Sink:SmtpPort=many", "Sink:SmtpPort")]
    [TestCase("--Sink:SmptPort=1025", "SmptPort")]
    public async Task A_value_of_the_wrong_type_or_a_key_that_does_not_exist_is_named(string argument, string named)
    {
        var (code, said) = await RunAsync([argument]);

        code.ShouldBe(1);
        said.ShouldHaveSingleItem().ShouldContain(named);
    }

    [Test]
    public void The_sink_alone_checks_its_options_too() =>
        Should.Throw<OptionsValidationException>(() => new SmtpSink(new SinkOptions { MaxConnections = 0 }));

    private static async Task<(int Code, string[] Said)> RunAsync(string[] arguments)
    {
        var (before, said) = (Console.Error, new StringWriter());
        Console.SetError(said);
        try
        {
            var code = await SinkHost.RunAsync(arguments);
            return (code, said.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            Console.SetError(before);
        }
    }
}
