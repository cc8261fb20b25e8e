using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Persistence.Failures;
using Persistence.Text;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Failures;

/// <summary>Failures as a file, written page by page: as much memory for a million as for a hundred.</summary>
internal abstract class FailureExport
{
    private const int PageSize = 500;

    /// <summary>The media type.</summary>
    public abstract string ContentType { get; }

    /// <summary>How the file's name ends.</summary>
    public abstract string Extension { get; }

    /// <summary>What the request asks for; null where that is JSON, as where it says nothing.</summary>
    public static FailureExport? FormOf(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Select(type => type.MediaType.Value?.ToLowerInvariant() switch
        {
            "text/csv" => new Csv(),
            "application/x-ndjson" or "application/jsonl" => (FailureExport)new Lines(),
            _ => null,
        }).FirstOrDefault(form => form is not null);

    /// <summary>Writes all that a filter has. Where the key ends meanwhile the response is broken off, so that nobody takes the part for the whole.</summary>
    public async Task WriteAsync(Stream stream, HttpContext context, Callers callers, FailureStore failures, FailureFilter filter, FailureOrder order, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>();
        WriteHead(buffer);
        string? cursor = null;
        do
        {
            if (callers.Of(context.Request).Caller is null)
            {
                context.Abort();
                return;
            }

            var page = await failures.ListAsync(filter, PageSize, cursor, order, cancellationToken);
            foreach (var failure in page.Items)
                Write(buffer, failure);
            await stream.WriteAsync(buffer.WrittenMemory, cancellationToken);
            buffer.ResetWrittenCount();
            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    /// <summary>Writes what stands before the first.</summary>
    protected virtual void WriteHead(IBufferWriter<byte> buffer)
    {
    }

    /// <summary>Writes one.</summary>
    protected abstract void Write(IBufferWriter<byte> buffer, FailureSummary failure);

    /// <summary>RFC 4180, with the names of the columns in the first line.</summary>
    private sealed class Csv : FailureExport
    {
        private static readonly (string Name, Func<FailureSummary, string?> Of)[] Columns =
        [
            ("id", failure => failure.Id.ToString()),
            ("status", failure => failure.Status.ToText()),
            ("failed_at", failure => failure.FailedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)),
            ("mail_id", failure => failure.MailId?.ToString()),
            ("sender", failure => failure.Sender),
            ("recipients", failure => string.Join(' ', failure.Recipients)),
            ("recipient_count", failure => failure.RecipientCount.ToString(CultureInfo.InvariantCulture)),
            ("subject", failure => failure.Subject),
            ("reply_codes", failure => string.Join("; ", failure.ReplyCodes)),
            ("exception_type", failure => failure.ExceptionType),
            ("message", failure => failure.Message),
            ("fingerprint", failure => failure.Fingerprint),
            ("attempts", failure => failure.Attempts.ToString(CultureInfo.InvariantCulture)),
            ("round", failure => failure.Round.ToString(CultureInfo.InvariantCulture)),
        ];

        public override string ContentType => "text/csv; charset=utf-8";

        public override string Extension => "csv";

        protected override void WriteHead(IBufferWriter<byte> buffer) => WriteLine(buffer, Columns.Select(column => column.Name));

        protected override void Write(IBufferWriter<byte> buffer, FailureSummary failure) => WriteLine(buffer, Columns.Select(column => Cell(column.Of(failure))));

        private static void WriteLine(IBufferWriter<byte> buffer, IEnumerable<string> cells) => Encoding.UTF8.GetBytes(string.Join(',', cells) + "\r\n", buffer);

        private static string Cell(string? text)
        {
            if (string.IsNullOrEmpty(text))
                return "";
            // A spreadsheet would calculate what a stranger's subject says.
            var safe = text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? $"'{text}" : text;
            return safe.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
        }
    }

    /// <summary>A line of JSON for each.</summary>
    private sealed class Lines : FailureExport
    {
        public override string ContentType => "application/x-ndjson";

        public override string Extension => "ndjson";

        protected override void Write(IBufferWriter<byte> buffer, FailureSummary failure)
        {
            using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = ApiJson.Options.Encoder }))
                JsonSerializer.Serialize(writer, failure, ApiJson.Options);
            buffer.Write("\n"u8);
        }
    }
}
