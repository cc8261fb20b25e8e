using System.ComponentModel;
using System.Diagnostics;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace EndToEnd;

/// <summary>Resend's own client for Node, npm's <c>resend</c> in the version of <c>resend/package-lock.json</c>.</summary>
internal static class ResendClient
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>Installs it into a folder of the run, and runs <c>resend/run.mjs</c> against an API; returns what that printed.</summary>
    public static async Task<string> RunAsync(Uri api)
    {
        foreach (var program in new[] { "node", "npm" })
        {
            if (await VersionAsync(program) is null)
                Assert.Ignore($"needs {program} (Node.js 20 or later) to run Resend's own client");
        }

        var folder = Path.Combine(TestRun.Directory, $"resend-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(Path.Combine(Checkout.Root, "tests", "EndToEnd", "resend")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var (installed, log) = await StartAsync(folder, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts");
        installed.ShouldBe(0, log);
        var (exitCode, output) = await StartAsync(folder, "node", "run.mjs", api.ToString().TrimEnd('/'));
        exitCode.ShouldBe(0, output);
        return output;
    }

    private static async Task<string?> VersionAsync(string program)
    {
        try
        {
            return (await StartAsync(TestRun.Directory, program, "--version")).Output;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static async Task<(int ExitCode, string Output)> StartAsync(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Limit);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(deadline.Token), process.StandardError.ReadToEndAsync(deadline.Token));
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
