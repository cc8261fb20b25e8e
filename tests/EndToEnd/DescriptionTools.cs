using Shouldly;

namespace EndToEnd;

/// <summary>What others make of the API's description: linters, and clients that are generated of it, in the versions of <c>clients/</c>.</summary>
internal static class DescriptionTools
{
    private const string Kiota = "1.38.0";
    private const string Description = "openapi.json";

    /// <summary>Lints it by Spectral and by Redocly with the rules that they recommend; returns what they found.</summary>
    public static async Task<string> LintAsync(HttpClient api)
    {
        var folder = await InstallAsync(api);
        await OutsideProgram.RunAsync(folder, Tool(folder, "spectral"), "lint", Description, "--ruleset", "spectral.yaml", "--fail-severity", "hint");
        return await OutsideProgram.RunAsync(folder, Tool(folder, "redocly"), "lint", Description, "--format", "json");
    }

    /// <summary>Generates a client by openapi-typescript, compiles it strictly and runs it; returns what it printed.</summary>
    public static async Task<string> RunTypeScriptAsync(HttpClient api)
    {
        var folder = await InstallAsync(api);
        await OutsideProgram.RunAsync(folder, Tool(folder, "openapi-typescript"), Description, "-o", "schema.ts");
        await OutsideProgram.RunAsync(folder, Tool(folder, "tsc"), "--project", ".");
        return await OutsideProgram.RunAsync(folder, "node", Path.Combine("out", "run.js"), Address(api));
    }

    /// <summary>Generates a client by Kiota, builds it with warnings as errors and runs it; returns what it printed.</summary>
    public static async Task<string> RunKiotaAsync(HttpClient api)
    {
        await OutsideProgram.RequireAsync("(the .NET SDK) to install and run Kiota", "dotnet");
        var folder = Path.Combine(OutsideProgram.FolderOf("clients"), "kiota");
        await SaveAsync(api, folder);
        await OutsideProgram.RunAsync(folder, "dotnet", "tool", "install", "Microsoft.OpenApi.Kiota", "--version", Kiota, "--tool-path", "tool");
        await OutsideProgram.RunAsync(
            folder, Path.Combine(folder, "tool", "kiota"), "generate", "-l", "CSharp", "-d", Description, "-c", "MailClient", "-n", "MailDispatch", "-o", "client", "--log-level", "Error");
        return await OutsideProgram.RunAsync(folder, "dotnet", "run", "--project", "Client.csproj", "-v", "quiet", "--", Address(api));
    }

    private static async Task<string> InstallAsync(HttpClient api)
    {
        await OutsideProgram.RequireAsync("(Node.js 20 or later) to lint the description and to compile a client", "node", "npm");
        var folder = OutsideProgram.FolderOf("clients");
        await SaveAsync(api, folder);
        await OutsideProgram.RunAsync(folder, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps");
        return folder;
    }

    private static async Task SaveAsync(HttpClient api, string folder)
    {
        var description = await api.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative));
        description.ShouldContain("\"openapi\": \"3.1");
        await File.WriteAllTextAsync(Path.Combine(folder, Description), description);
    }

    private static string Tool(string folder, string name) => Path.Combine(folder, "node_modules", ".bin", name);

    private static string Address(HttpClient api) => api.BaseAddress!.ToString().TrimEnd('/');
}
