using System.Text.Json;
using MailSink.Mails;
using MimeKit;

namespace MailSink.Api;

/// <summary>
/// The part of Mailpit's HTTP API that clients and test libraries use, with Mailpit's paths, parameters and field names
/// (mailpit.axllent.org/docs/api-v1).
/// </summary>
internal static class MailpitEndpoints
{
    private const int UsualLimit = 50;
    private const int MostAtOnce = 1_000;

    public static void MapMailpitApi(this WebApplication app)
    {
        var timeProvider = app.Services.GetRequiredService<TimeProvider>();
        var started = timeProvider.GetTimestamp();

        app.MapGet("/livez", () => "ok");
        app.MapGet("/readyz", (SmtpSink sink) => sink.IsListening
            ? Results.Text("ok")
            : Results.Text("SMTP is not listening", statusCode: StatusCodes.Status503ServiceUnavailable));

        var api = app.MapGroup("/api/v1");
        api.MapGet("/info", (SmtpSink sink) => MailpitView.Info(sink, timeProvider.GetElapsedTime(started)));
        api.MapGet("/messages", (SmtpSink sink, int? start, int? limit) => MailpitView.List(sink, From(start), AtMost(limit)));
        api.MapDelete("/messages", DeleteAsync);
        api.MapGet("/search", (SmtpSink sink, string? query, int? start, int? limit) => string.IsNullOrWhiteSpace(query)
            ? Results.Text("Error: no search query", statusCode: StatusCodes.Status400BadRequest)
            : Results.Json(MailpitView.Search(sink, query, From(start), AtMost(limit))));
        api.MapGet("/message/{id}", (SmtpSink sink, string id) => WithMessage(sink, id, (mail, message) =>
        {
            mail.Read = true;
            return Results.Json(MailpitView.Message(mail, message));
        }));
        api.MapGet("/message/{id}/headers", (SmtpSink sink, string id) => WithMessage(sink, id, (_, message) => Results.Json(
            message.Headers.GroupBy(header => header.Field, StringComparer.OrdinalIgnoreCase)
                .OrderBy(group => group.Key, StringComparer.OrdinalIgnoreCase)
                .ToDictionary(group => group.Key, group => group.Select(header => header.Value).ToArray()))));
        api.MapGet("/message/{id}/raw", (SmtpSink sink, string id) => Find(sink, id) is { } mail
            ? Results.Bytes(mail.Raw, "text/plain; charset=utf-8")
            : NotFound());
        api.MapGet("/message/{id}/part/{partId}", (SmtpSink sink, string id, string partId) => WithMessage(sink, id, (_, message) =>
            MailPart.Of(message).FirstOrDefault(part => part.Id == partId) is { } part
                // Never shown by the browser itself: a part can be anything.
                ? Results.Bytes(part.Content(), "application/octet-stream", part.FileName is { Length: > 0 } name ? name : $"part-{part.Id}")
                : NotFound()));
    }

    private static async Task<IResult> DeleteAsync(SmtpSink sink, HttpRequest request)
    {
        MailpitIds? body = null;
        if (request.ContentLength > 0)
        {
            try
            {
                body = await request.ReadFromJsonAsync<MailpitIds>();
            }
            catch (JsonException exception)
            {
                // Mailpit would delete everything here; a mistyped list should not.
                return Results.Text($"Error: {exception.Message}", statusCode: StatusCodes.Status400BadRequest);
            }
        }

        if (body?.Ids is { Count: > 0 } ids)
        {
            foreach (var id in ids)
                sink.Mails.Delete(id);
        }
        else
        {
            sink.Mails.Clear();
        }

        return Results.Text("ok");
    }

    private static IResult WithMessage(SmtpSink sink, string id, Func<ReceivedMail, MimeMessage, IResult> show)
    {
        if (Find(sink, id) is not { } mail)
            return NotFound();

        try
        {
            using var message = mail.Parse();
            return show(mail, message);
        }
        catch (FormatException exception)
        {
            return Results.Text($"Error: these bytes are not a mail ({exception.Message}); see /raw.", statusCode: StatusCodes.Status400BadRequest);
        }
    }

    private static ReceivedMail? Find(SmtpSink sink, string id) =>
        id != "latest" ? sink.Mails.Find(id) : sink.Mails.Page(0, 1) is [var newest] ? newest : null;

    private static IResult NotFound() => Results.Text("404 not found: no such mail, or no longer stored", statusCode: StatusCodes.Status404NotFound);

    private static int From(int? start) => Math.Max(0, start ?? 0);

    private static int AtMost(int? limit) => Math.Clamp(limit ?? UsualLimit, 0, MostAtOnce);
}
