namespace MailSink.Hosting;

/// <summary>
/// What a browser may do with what it gets from here. Mails are hostile input: beside being encoded, they meet a policy
/// under which no script but the sink's own runs and nothing is fetched from elsewhere.
/// </summary>
internal static class SecurityHeaders
{
    private const string Page =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>For a mail's own HTML: shown without scripts, forms, origin and remote pictures, which would tell the sender.</summary>
    public const string MailHtml =
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

    public static Task AddAsync(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Page;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        return next(context);
    }
}
