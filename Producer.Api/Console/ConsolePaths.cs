using Persistence.Failures;
using Persistence.Text;

namespace Producer.Api.Console;

/// <summary>Where the console's pages are.</summary>
internal static class ConsolePaths
{
    public const string Root = "/console";
    public const string SignIn = Root + "/sign-in";
    public const string SignOut = Root + "/sign-out";
    public const string Assets = Root + "/assets";
    public const string Live = Root + "/live";
    public const string Failures = Root + "/failures";
    public const string Groups = Root + "/groups";
    public const string Note = Groups + "/note";
    public const string Operations = Root + "/operations";
    public const string Holds = Root + "/holds";
    public const string Mails = Root + "/mails";
    public const string Flow = Root + "/flow";
    public const string Audit = Root + "/audit";
    public const string Proof = Root + "/proof";
    public const string About = Root + "/about";

    public static string Failure(Guid id) => $"{Failures}/{id}";

    public static string Edit(Guid id) => $"{Failure(id)}/edit";

    public static string Group(FailureGroupBy by, string key) => $"{Groups}/{by.ToText()}?key={Uri.EscapeDataString(key)}";

    public static string Hold(Guid id) => $"{Holds}/{id}";

    public static string Operation(Guid id) => $"{Operations}/{id}";

    public static string Mail(Guid id) => $"{Mails}/{id}";

    /// <summary>Whether a request is for the console.</summary>
    public static bool Has(PathString path) => path.StartsWithSegments(Root, StringComparison.OrdinalIgnoreCase);
}
