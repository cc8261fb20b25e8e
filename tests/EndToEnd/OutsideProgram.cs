using System.ComponentModel;
using System.Diagnostics;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace EndToEnd;

/// <summary>Programs of the machine that a test makes use of, within a time.</summary>
internal static class OutsideProgram
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>Skips the calling test where one of them is not there.</summary>
    public static async Task RequireAsync(string what, params string[] programs)
    {
        foreach (var program in programs)
        {
            if (!await IsThereAsync(program))
                Assert.Ignore($"needs {program} {what}");
        }
    }

    /// <summary>A new folder of the run, with a copy of one of this project's.</summary>
    public static string FolderOf(string name)
    {
        var source = Path.Combine(Checkout.Root, "tests", "EndToEnd", name);
        var folder = Path.Combine(TestRun.Directory, $"{name}-{Guid.NewGuid():N}");
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(folder, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return folder;
    }

    /// <summary>Runs it in a folder; returns what it printed on standard output, once it has ended with 0.</summary>
    public static async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        var (exitCode, output, error) = await StartAsync(folder, program, arguments);
        exitCode.ShouldBe(0, $"{program} {string.Join(' ', arguments)}{Environment.NewLine}{output}{error}");
        return output;
    }

    private static async Task<bool> IsThereAsync(string program)
    {
        try
        {
            await StartAsync(TestRun.Directory, program, ["--version"]);
            return true;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static async Task<(int ExitCode, string Output, string Error)> StartAsync(string folder, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        // Neither looks for its own updates, nor tells anybody that it runs.
        foreach (var name in new[] { "KIOTA_OFFLINE_ENABLED", "KIOTA_CLI_TELEMETRY_OPTOUT", "REDOCLY_SUPPRESS_UPDATE_NOTICE", "DOTNET_CLI_TELEMETRY_OPTOUT" })
            start.Environment[name] = "true";
        start.Environment["REDOCLY_TELEMETRY"] = "off";
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Limit);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(deadline.Token), process.StandardError.ReadToEndAsync(deadline.Token));
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
