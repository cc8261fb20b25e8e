using Contracts;
using Producer.Api.Emails;

namespace Producer.Api.Tests;

/// <summary>A queue that remembers, and fails or hangs where a test says so.</summary>
internal sealed class FakeMailQueue : IMailQueue
{
    private readonly Lock _lock = new();
    private readonly List<QueuedMail> _mails = [];
    private readonly List<QueuedRecord> _records = [];

    /// <summary>What happens before a mail or record is taken; nothing by default.</summary>
    public Func<CancellationToken, Task> Before { get; set; } = _ => Task.CompletedTask;

    public IReadOnlyList<QueuedMail> Mails
    {
        get
        {
            lock (_lock)
                return [.. _mails];
        }
    }

    public IReadOnlyList<QueuedRecord> Records
    {
        get
        {
            lock (_lock)
                return [.. _records];
        }
    }

    public async Task EnqueueAsync(Guid id, string key, SendEmail mail, Guid? apiKeyId, CancellationToken cancellationToken)
    {
        await Before(cancellationToken);
        lock (_lock)
            _mails.Add(new QueuedMail(id, key, mail, apiKeyId));
    }

    public async Task EnqueueAgainAsync(string topic, byte[]? key, byte[]? value, IReadOnlyList<RecordHeader> headers, CancellationToken cancellationToken)
    {
        await Before(cancellationToken);
        lock (_lock)
            _records.Add(new QueuedRecord(topic, key, value, headers));
    }
}

internal sealed record QueuedMail(Guid Id, string Key, SendEmail Mail, Guid? ApiKeyId);

internal sealed record QueuedRecord(string Topic, byte[]? Key, byte[]? Value, IReadOnlyList<RecordHeader> Headers)
{
    public IEnumerable<string> Header(string name) =>
        Headers.Where(header => header.Name == name).Select(header => System.Text.Encoding.UTF8.GetString(header.Value!));
}
