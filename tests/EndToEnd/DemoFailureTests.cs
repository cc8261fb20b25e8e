using System.Diagnostics;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace EndToEnd;

/// <summary>How <c>./dev demo</c> finds the failure of its poison record: by the API's answer, which has no line break at its end.</summary>
public sealed class DemoFailureTests
{
    private const string OfAMail = """{"id":"f-1","mail_id":"m-1","message":"550 5.1.1 No such user here","attempts":1}""";
    private const string OfNone = """{"id":"f-2","mail_id":null,"message":"no JSON","attempts":1}""";

    [TestCase($"{OfNone},{OfAMail}")]
    [TestCase($"{OfAMail},{OfNone}")]
    [TestCase(OfNone)]
    public async Task The_failure_that_no_mail_has_is_found_wherever_it_stands(string failures) =>
        (await FoundAsync($$"""printf '%s' '{"failures":[{{failures}}],"next_cursor":null}'""")).ShouldBe("dead      tries: 1  no JSON\n");

    [TestCase($$"""printf '%s' '{"failures":[{{OfAMail}}]}'""")]
    [TestCase("return 22")]
    public async Task Where_it_is_not_there_yet_it_can_be_asked_for_again(string answer) => (await FoundAsync(answer)).ShouldBeEmpty();

    [Test]
    public async Task Many_failures_behind_it_do_not_end_the_demo()
    {
        var many = string.Join(',', Enumerable.Repeat(OfAMail, 2_000));
        (await FoundAsync($$"""printf '%s' '{"failures":[{{OfNone}},{{many}}]}'""")).ShouldBe("dead      tries: 1  no JSON\n");
    }

    private static async Task<string> FoundAsync(string answer)
    {
        // As ./dev runs it: the first error that nobody looks at ends it.
        var script = $$"""
            set -euo pipefail
            . build/dev/demo.sh
            api_port=0
            curl() { {{answer}}; }
            found=$(poison_failure 2026-01-01T00:00:00Z 'm-0 m-1')
            [ -z "$found" ] || printf '%s\n' "$found"
            """;
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-s"])
        {
            WorkingDirectory = Checkout.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        var output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        bash.ExitCode.ShouldBe(0);
        return output;
    }
}
