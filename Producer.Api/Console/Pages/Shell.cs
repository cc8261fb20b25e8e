using Microsoft.AspNetCore.Antiforgery;
using Persistence.Keys;
using Producer.Api.Security;

namespace Producer.Api.Console.Pages;

/// <summary>Who looks at a page, and what they may do.</summary>
/// <param name="Name">Who, as the audit has it.</param>
/// <param name="IsSignedIn">Whether they signed in; else nobody is asked.</param>
/// <param name="Reads">Whether they may see mails and failures.</param>
/// <param name="SeesAll">Whether they see those of all, and the state of the system.</param>
/// <param name="Operates">Whether they may act on failures.</param>
/// <param name="Sends">Whether they may cancel and reschedule mails.</param>
/// <param name="ReadsContent">Whether they may see what is in mails.</param>
public sealed record Viewer(string Name, bool IsSignedIn, bool Reads, bool SeesAll, bool Operates, bool Sends, bool ReadsContent)
{
    internal static Viewer Of(Caller caller) => new(
        caller.ActsAs, caller != Caller.Anonymous, caller.Has(KeyScope.Read), caller.OnlyOf is null, caller.Has(KeyScope.Operate), caller.Has(KeyScope.Send), caller.ReadsContent);
}

/// <summary>What the frame around a page needs.</summary>
/// <param name="Title">The page's title.</param>
/// <param name="Section">The path of the section that it is in, which the navigation marks.</param>
/// <param name="Viewer">Who looks; null where nobody is signed in.</param>
/// <param name="Token">The forms' token.</param>
public sealed record Shell(string Title, string Section, Viewer? Viewer, string Token)
{
    /// <summary>The name of the field that holds <see cref="Token"/>.</summary>
    public const string TokenField = "token";

    /// <summary>What was done just now.</summary>
    public string? Done { get; init; }

    /// <summary>Why something was not done.</summary>
    public string? Problem { get; init; }

    /// <summary>What the page shows news of: <c>failures</c>, <c>mails</c> or <c>clock</c>; null where it does not change by itself.</summary>
    public string? Live { get; init; }

    /// <summary>The mark of what it shows, which another one follows when there are news.</summary>
    public string? Mark { get; init; }

    internal static Shell Of(HttpContext context, string title, string section) => new(
        title, section, context.User is Caller caller ? Viewer.Of(caller) : null,
        context.RequestServices.GetRequiredService<IAntiforgery>().GetAndStoreTokens(context).RequestToken!);
}
