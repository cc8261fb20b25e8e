using MailSink.Hosting;
using MailSink.Mails;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MailSink.Pages;

/// <summary>The pages for people, made by the server; without scripts they work too, only not by themselves.</summary>
internal static class PageEndpoints
{
    public static void MapPages(this WebApplication app)
    {
        app.MapGet("/", (string? q, int? start) => new RazorComponentResult<MailList>(
            new { Query = q, Start = Math.Max(0, start ?? 0) }));
        app.MapGet("/help", () => new RazorComponentResult<Help>());
        app.MapGet("/mail/{id}", IResult (SmtpSink sink, string id, string? view, HttpContext context) => sink.Mails.Find(id) is { } mail
            ? Show(mail, view, context)
            : Results.Redirect("/"));
        app.MapGet("/mail/{id}/html", (SmtpSink sink, string id, HttpContext context) => sink.Mails.Find(id) is { } mail
            ? Html(mail, context)
            : Results.NotFound());

        app.MapAsset("sink.css", "text/css; charset=utf-8");
        app.MapAsset("sink.js", "text/javascript; charset=utf-8");
        app.MapAsset("sink.svg", "image/svg+xml");
    }

    private static RazorComponentResult<MailView> Show(ReceivedMail mail, string? view, HttpContext context)
    {
        mail.Read = true;
        MimeKit.MimeMessage? message = null;
        try
        {
            message = mail.Parse();
            context.Response.RegisterForDispose(message);
        }
        catch (FormatException)
        {
            // Not a mail: the page shows its source alone.
        }

        return new RazorComponentResult<MailView>(new { Mail = mail, Message = message, View = view });
    }

    private static IResult Html(ReceivedMail mail, HttpContext context)
    {
        context.Response.Headers.ContentSecurityPolicy = SecurityHeaders.MailHtml;
        try
        {
            using var message = mail.Parse();
            return Results.Text(message.HtmlBody ?? "", "text/html; charset=utf-8");
        }
        catch (FormatException)
        {
            return Results.NotFound();
        }
    }

    private static void MapAsset(this WebApplication app, string name, string contentType)
    {
        using var asset = typeof(PageEndpoints).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The asset {name} is not in the assembly: see EmbeddedResource in MailSink.csproj.");
        using var content = new MemoryStream();
        asset.CopyTo(content);
        var bytes = content.ToArray();
        app.MapGet("/" + name, () => Results.Bytes(bytes, contentType));
    }
}
