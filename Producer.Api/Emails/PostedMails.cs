using Contracts;

namespace Producer.Api.Emails;

/// <summary>What of a mail is shown before a worker has read it.</summary>
/// <param name="Addresses">Its addresses as they were posted.</param>
/// <param name="Subject">Its subject.</param>
/// <param name="Tags">Its tags.</param>
/// <param name="ScheduledAt">When it is to be sent.</param>
internal sealed record PostedMail(PostedAddresses Addresses, string? Subject, IReadOnlyList<MailTag> Tags, DateTimeOffset? ScheduledAt)
{
    /// <summary>About how many characters it holds.</summary>
    public int Size { get; } = 200 + Addresses.From.Length + (Subject?.Length ?? 0) + Length(Addresses.To) + Length(Addresses.Cc) + Length(Addresses.Bcc)
        + Length(Addresses.ReplyTo) + Tags.Sum(tag => tag.Name.Length + (tag.Value?.Length ?? 0));

    private static int Length(IReadOnlyList<string>? texts) => texts?.Sum(text => text.Length) ?? 0;
}

/// <summary>
/// What this instance has accepted last, without the content, so that it can be shown before a worker has read it. Bounded by its
/// characters: the oldest make room. For any thread.
/// </summary>
internal sealed class PostedMails
{
    /// <summary>Characters that are remembered: some ten thousand mails in 10 MB.</summary>
    public const int MostCharacters = 4_000_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, PostedMail> _mails = [];
    private readonly Queue<Guid> _order = new();
    private int _characters;

    /// <summary>Remembers an accepted mail; one that is known stays as it is.</summary>
    public void Add(Guid id, SendEmail mail)
    {
        var posted = new PostedMail(PostedAddresses.Of(mail), mail.Subject, mail.Tags, mail.ScheduledAt);
        lock (_lock)
        {
            if (!_mails.TryAdd(id, posted))
                return;
            _order.Enqueue(id);
            _characters += posted.Size;
            while (_characters > MostCharacters && _order.TryDequeue(out var oldest) && _mails.Remove(oldest, out var forgotten))
                _characters -= forgotten.Size;
        }
    }

    /// <summary>What is known of a mail; null where nothing is.</summary>
    public PostedMail? Find(Guid id)
    {
        lock (_lock)
            return _mails.GetValueOrDefault(id);
    }
}
