using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using NUnit.Framework;
using Testing;

namespace Consumer.Worker.Tests.Smtp;

/// <summary>
/// Debian's Postfix with limits of its own, as a process tree, configuration and queue apart from the machine's. What it takes it relays to
/// another mail server.
/// </summary>
internal sealed class PostfixServer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/postfix";
    private const string Daemons = "/usr/lib/postfix/sbin";

    private readonly string _folder;

    private PostfixServer(string folder, int port) => (_folder, Port) = (folder, port);

    public int Port { get; }

    /// <summary>Starts one on a free port; skips the calling test where there is none, or this user may not start it.</summary>
    /// <param name="relay">The port on this machine that it relays to.</param>
    /// <param name="settings">Further lines of its <c>main.cf</c>.</param>
    public static async Task<PostfixServer> StartAsync(int relay, params string[] settings)
    {
        if (!File.Exists(Program) || !Directory.Exists(Daemons))
            Assert.Ignore("needs Postfix (Debian: apt-get install postfix, \"No configuration\")");
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("needs root: Postfix is started by no one else");

        var port = Ports.Free();
        var folder = Directory.CreateDirectory(Path.Combine(TestRun.Directory, $"postfix-{port}")).FullName;
        foreach (var part in new[] { "conf", "queue", "data", "log" })
            Directory.CreateDirectory(Path.Combine(folder, part));
        await RunAsync("/usr/bin/chown", "postfix", Path.Combine(folder, "data"));
        await File.WriteAllLinesAsync(Path.Combine(folder, "conf", "main.cf"),
        [
            "compatibility_level = 3.6",
            $"queue_directory = {folder}/queue",
            $"data_directory = {folder}/data",
            "command_directory = /usr/sbin",
            $"daemon_directory = {Daemons}",
            "mail_owner = postfix",
            "setgid_group = postdrop",
            $"maillog_file = {folder}/log/mail.log",
            $"maillog_file_prefixes = {folder}/log",
            "inet_interfaces = 127.0.0.1",
            "inet_protocols = ipv4",
            "myhostname = postfix.test.example",
            "mydestination =",
            "mynetworks = 127.0.0.0/8",
            "smtpd_relay_restrictions = permit_mynetworks, reject",
            // Without this whoever is in mynetworks has no limits.
            "smtpd_client_event_limit_exceptions =",
            string.Create(CultureInfo.InvariantCulture, $"relayhost = [127.0.0.1]:{relay}"),
            "disable_dns_lookups = yes",
            "alias_maps =",
            "local_recipient_maps =",
            .. settings,
        ]);
        await File.WriteAllLinesAsync(Path.Combine(folder, "conf", "master.cf"),
        [
            string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port} inet n - n - - smtpd"),
            "pickup unix n - n 60 1 pickup",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce",
            "defer unix - - n - 0 bounce",
            "trace unix - - n - 0 bounce",
            "verify unix - - n - 1 verify",
            "proxymap unix - - n - - proxymap",
            "smtp unix - - n - - smtp",
            "relay unix - - n - - smtp",
            "error unix - - n - - error",
            "retry unix - - n - - error",
            "anvil unix - - n - 1 anvil",
            "scache unix - - n - 1 scache",
            "postlog unix-dgram n - n - 1 postlogd",
        ]);
        var server = new PostfixServer(folder, port);
        await RunAsync(Program, "-c", Path.Combine(folder, "conf"), "start");
        await Eventually.Until(server.ListensAsync, null, "Postfix listens");
        return server;
    }

    /// <summary>What it wrote down.</summary>
    public Task<string> LogAsync() => File.ReadAllTextAsync(Path.Combine(_folder, "log", "mail.log"));

    public async ValueTask DisposeAsync()
    {
        await RunAsync(Program, "-c", Path.Combine(_folder, "conf"), "stop");
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // Not its streams: the daemons that it leaves behind would hold them open.
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    private async Task<bool> ListensAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Port);
        return true;
    }
}
