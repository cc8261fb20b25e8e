using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace EndToEnd;

/// <summary>
/// docs/operations.md, "Upgrading": the version before the last migration runs beside this one, on one database, in the same groups. Its
/// services are built from the history of the checkout; without one the test is skipped.
/// </summary>
public sealed class UpgradeTests
{
    private static readonly TimeSpan UntilEnded = TimeSpan.FromMinutes(2);

    [Test]
    public async Task The_version_before_works_beside_this_one_and_in_its_place_again()
    {
        var before = await BuildBeforeAsync();
        var prefix = KafkaFixture.UniqueName("upgrade");
        var kafka = await KafkaFixture.StartAsync();
        await using var system = await RunningSystem.CreateAsync(
            kafka.BootstrapServers, "upgrade", ("Kafka__TopicPrefix", $"{prefix}."), ("Kafka__GroupPrefix", $"{prefix}-"));

        await system.MigrateAsync(before);
        await system.StartApiAsync("api-before", before);
        system.StartWorker("worker-before", before);
        await MailsEndAsync(system, "the version before alone");

        // While they run, and then beside them.
        await system.MigrateAsync();
        await MailsEndAsync(system, "the version before on the new schema");
        system.StartWorker("worker-now");
        await MailsEndAsync(system, "its API, both workers");
        await system.StartApiAsync("api-now");
        await MailsEndAsync(system, "this version's API, both workers");

        // One takes the other's place with mails under way; and the other way round, as when an upgrade is undone.
        await MailsEndAsync(system, "this version alone", meanwhile: () => system.KillAsync("worker-before"));
        if (await MayComeBackAsync(system, before))
        {
            system.StartWorker("worker-back", before);
            await MailsEndAsync(system, "this version's API, the worker from before", meanwhile: () => system.KillAsync("worker-now"));
        }

        await system.AuditAsync();
    }

    /// <summary>Posts mails of each kind, and waits until each has its end.</summary>
    private static async Task MailsEndAsync(RunningSystem system, string who, Func<Task>? meanwhile = null)
    {
        await Eventually.Until(system.HasAllMembersAsync, UntilEnded, $"the groups have their members: {who}");
        var (sent, dead) = (new List<Guid>(), new List<Guid>());
        for (var mail = 0; mail < 20; mail++)
        {
            sent.Add(await PostAsync(system, "fine"));
            sent.Add(await PostAsync(system, "fail-451-once"));
            dead.Add(await PostAsync(system, "fail-550"));
            sent.Add(await PostAsync(system, "fine", TimeSpan.FromSeconds(2)));
        }

        if (meanwhile is not null)
            await meanwhile();
        await Eventually.Until(async () => await system.CountNotSentAsync([.. sent]) == 0, UntilEnded, $"all are sent: {who}");
        await Eventually.Until(async () => await system.CountNotInAsync([.. dead], "dead") == 0, UntilEnded, $"the refused ones are dead: {who}");
    }

    private static async Task<Guid> PostAsync(RunningSystem system, string to, TimeSpan? later = null)
    {
        using var response = await system.Api.PostAsJsonAsync("/emails", new
        {
            from = "a@example.com",
            to = EntryPoints.Address(to),
            subject = "Hello",
            text = "It works.",
            scheduled_at = later is { } time ? DateTimeOffset.UtcNow + time : (DateTimeOffset?)null,
        });
        var body = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.ShouldBeTrue(body);
        return JsonNode.Parse(body)!["id"]!.GetValue<Guid>();
    }

    /// <summary>Whether the last migration left what is there as it is; else whoever starts now is told that it is too old.</summary>
    private static async Task<bool> MayComeBackAsync(RunningSystem system, string before)
    {
        var newest = Directory.GetFiles(Path.Combine(before, "Persistence", "Migrations"), "2*.cs").Select(Path.GetFileNameWithoutExtension).Max(StringComparer.Ordinal)!;
        return await system.CountAsync("SELECT count(*) FROM email.schema_compatibility WHERE compatible_from > $1", newest) == 0;
    }

    /// <summary>The services as they were before the last migration came.</summary>
    private static async Task<string> BuildBeforeAsync()
    {
        var (code, commits) = await RunAsync("git", "-C", Checkout.Root, "log", "-1", "--first-parent", "--format=%P", "--", "Persistence/Migrations");
        var commit = commits.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault();
        if (code != 0 || commit is null || (await RunAsync("git", "-C", Checkout.Root, "cat-file", "-e", commit)).Code != 0)
            Assert.Ignore("needs the history of the checkout: the version before the last migration is built from it");
        var folder = Path.Combine(TestRun.Directory, "before");
        Directory.CreateDirectory(folder);
        await MustAsync("sh", "-c", $"git -C '{Checkout.Root}' archive {commit} | tar -x -C '{folder}'");
        foreach (var project in (string[])["Producer.Api", "Consumer.Worker"])
            await MustAsync("dotnet", "build", Path.Combine(folder, project), "--nologo", "-v", "quiet", "-p:RunAnalyzers=false");
        return folder;
    }

    private static async Task MustAsync(string program, params string[] arguments)
    {
        var (code, output) = await RunAsync(program, arguments);
        code.ShouldBe(0, $"{program} {string.Join(' ', arguments)}: {output}");
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }
}
