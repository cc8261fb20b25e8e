namespace EndToEnd;

/// <summary>Resend's own client for Node, npm's <c>resend</c> in the version of <c>resend/package-lock.json</c>.</summary>
internal static class ResendClient
{
    /// <summary>Installs it into a folder of the run, and runs <c>resend/run.mjs</c> against an API; returns what that printed.</summary>
    public static async Task<string> RunAsync(Uri api)
    {
        await OutsideProgram.RequireAsync("(Node.js 20 or later) to run Resend's own client", "node", "npm");
        var folder = OutsideProgram.FolderOf("resend");
        await OutsideProgram.RunAsync(folder, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts");
        return await OutsideProgram.RunAsync(folder, "node", "run.mjs", api.ToString().TrimEnd('/'));
    }
}
