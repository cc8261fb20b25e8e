namespace MailSink.Api;

/// <summary>The sink's own API, for tests in another process: what it counted, and how it should misbehave.</summary>
internal static class SinkEndpoints
{
    public static void MapSinkApi(this WebApplication app)
    {
        var api = app.MapGroup("/api/v1");

        api.MapGet("/counters", (SmtpSink sink) => Counters(sink));
        api.MapDelete("/counters", (SmtpSink sink) =>
        {
            sink.Counters.Reset();
            return Counters(sink);
        });
        api.MapGet("/duplicates", (SmtpSink sink) => new { duplicates = sink.Counters.MessageIds.Duplicates });

        api.MapGet("/script", (SmtpSink sink) => Script(sink));
        api.MapPut("/script", (SmtpSink sink, ScriptBody body) => Change(sink, () => sink.Script.Replace([.. (body.Rules ?? []).Select(rule => rule.ToRule())])));
        api.MapPost("/script", (SmtpSink sink, RuleBody rule) => Change(sink, () => sink.Script.Add(rule.ToRule())));
        api.MapDelete("/script", (SmtpSink sink) => Change(sink, sink.Script.Clear));

        api.MapGet("/listening", (SmtpSink sink) => new ListeningBody(sink.IsListening));
        api.MapPut("/listening", (SmtpSink sink, ListeningBody body) =>
        {
            if (body.Listening)
                sink.ResumeListening();
            else
                sink.PauseListening();
            if (body.DropConnections)
                sink.DropConnections();
            return new ListeningBody(sink.IsListening, body.DropConnections);
        });

        api.MapGet("/certificate", (SmtpSink sink) => sink.Certificate is { } certificate
            ? Results.Text(certificate.ExportCertificatePem(), "application/x-pem-file")
            : Results.Text("No TLS: Sink:Tls is None.", statusCode: StatusCodes.Status404NotFound));
    }

    private static object Script(SmtpSink sink) => new { rules = sink.Script.Rules.Select(RuleBody.Of) };

    private static IResult Change(SmtpSink sink, Action change)
    {
        try
        {
            change();
            return Results.Json(Script(sink));
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            return Results.Problem(exception.Message, statusCode: StatusCodes.Status400BadRequest, title: "The rule cannot be taken");
        }
    }

    private static object Counters(SmtpSink sink)
    {
        var counters = sink.Counters;
        var replies = counters.Replies;
        return new
        {
            counters.Connections,
            counters.OpenConnections,
            counters.Mails,
            counters.Recipients,
            counters.Bytes,
            MailsStored = sink.Mails.Count,
            MailsRemoved = sink.Mails.Removed,
            counters.TlsHandshakes,
            counters.RulesApplied,
            counters.RepliesLost,
            MessageIds = counters.MessageIds.Distinct,
            Duplicates = counters.MessageIds.Duplicates.Count,
            Replies = replies,
            Rejected = replies.Where(reply => reply.Key >= 400).ToDictionary(reply => reply.Key, reply => reply.Value),
        };
    }
}
