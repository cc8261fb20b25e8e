namespace Producer.Api.Console.Hosting;

/// <summary>
/// What a browser may do with the console's pages. Mails are hostile input: beside being encoded, they meet a policy under which no script
/// but the console's own runs and nothing is fetched from elsewhere.
/// </summary>
internal static class ConsoleHeaders
{
    /// <summary>For every page and file of the console.</summary>
    public const string Page = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>For a mail's own HTML: shown without scripts, forms, origin and remote pictures, which would tell the sender.</summary>
    public const string MailHtml =
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

    public static void Add(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Page;
        // Ids and addresses in the path are nobody else's.
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
    }
}
