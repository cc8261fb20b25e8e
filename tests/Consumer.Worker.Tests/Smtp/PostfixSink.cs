using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using MimeKit;
using NUnit.Framework;
using Testing;

namespace Consumer.Worker.Tests.Smtp;

/// <summary>Debian's <c>smtp-sink</c> (package postfix), a mail server by other hands; what it takes it writes to files.</summary>
internal sealed class PostfixSink : IAsyncDisposable
{
    private const string Program = "/usr/sbin/smtp-sink";

    private readonly Process _process;
    private readonly string _folder;

    private PostfixSink(Process process, string folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    /// <summary>Starts one on a free port; skips the calling test where there is none.</summary>
    /// <param name="options">As in its manual.</param>
    public static async Task<PostfixSink> StartAsync(params string[] options)
    {
        if (!File.Exists(Program))
            Assert.Ignore("needs smtp-sink (Debian: apt-get install postfix, \"No configuration\")");

        var port = Ports.Free();
        var folder = Directory.CreateDirectory(Path.Combine(TestRun.Directory, $"smtp-sink-{port}")).FullName;
        string[] user = [];
        if (!OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess)
        {
            // As root it asks for a user to become, who must be able to write the mails.
            user = ["-u", "nobody"];
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
        }

        string[] arguments = [.. user, "-4", "-d", Path.Combine(folder, "mail."), .. options, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "100"];
        var process = Process.Start(new ProcessStartInfo(Program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        var sink = new PostfixSink(process, folder, port);
        await Eventually.Until(sink.ListensAsync, null, "smtp-sink listens");
        return sink;
    }

    /// <summary>The mails that it took, with what it heard in the envelope in headers of its own, <c>X-Mail-Args</c> and <c>X-Rcpt-Args</c>.</summary>
    public IReadOnlyList<MimeMessage> Mails() => [.. Files().Select(file => MimeMessage.Load(file))];

    /// <summary>The bytes of each mail.</summary>
    public IReadOnlyList<byte[]> Bytes() => [.. Files().Select(File.ReadAllBytes)];

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string[] Files() => Directory.GetFiles(_folder);

    private async Task<bool> ListensAsync()
    {
        if (_process.HasExited)
            throw new InvalidOperationException(await _process.StandardError.ReadToEndAsync());
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Port);
        return true;
    }
}
