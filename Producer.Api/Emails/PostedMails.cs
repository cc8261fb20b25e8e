using System.Runtime.InteropServices;
using System.Text;
using Contracts;

namespace Producer.Api.Emails;

/// <summary>What of a mail is shown before a worker has read it.</summary>
/// <param name="Addresses">Its addresses as they were posted.</param>
/// <param name="Subject">Its subject.</param>
/// <param name="Tags">Its tags.</param>
/// <param name="ScheduledAt">When it is to be sent.</param>
internal sealed record PostedMail(PostedAddresses Addresses, string? Subject, IReadOnlyList<MailTag> Tags, DateTimeOffset? ScheduledAt);

/// <summary>
/// What this instance has accepted last, without the content, so that it can be shown before a worker has read it. For any thread.
/// </summary>
/// <remarks>
/// As bytes in one array, in which the oldest make room: as objects, some ten thousand mails would be what the garbage collector looks
/// through at each of its turns, and copies twice before they die.
/// </remarks>
internal sealed class PostedMails : IDisposable
{
    /// <summary>The bytes that are remembered: of mails with one recipient some thirty thousand.</summary>
    public const int Capacity = 4_000_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Entry> _mails = [];
    private readonly Queue<Guid> _order = new();
    private readonly MemoryStream _entry = new();
    private readonly BinaryWriter _writer;
    private byte[] _bytes = [];
    private int _end;
    private int _used;

    public PostedMails() => _writer = new BinaryWriter(_entry);

    /// <summary>Remembers an accepted mail; one that is known stays as it is.</summary>
    public void Add(Guid id, SendEmail mail)
    {
        lock (_lock)
        {
            if (_mails.ContainsKey(id))
                return;
            _entry.SetLength(0);
            Write(mail);
            var length = (int)_entry.Length;
            if (length > Capacity)
                return;
            while (Capacity - _used < length)
                Forget(_order.Dequeue());
            Append(id, _entry.GetBuffer().AsSpan(0, length));
        }
    }

    /// <summary>What is known of a mail; null where nothing is.</summary>
    public PostedMail? Find(Guid id)
    {
        lock (_lock)
            return _mails.TryGetValue(id, out var entry) ? Read(BytesOf(entry)) : null;
    }

    public void Dispose() => _writer.Dispose();

    private void Append(Guid id, ReadOnlySpan<byte> bytes)
    {
        // With the first mail: an instance that accepts none needs no room for them.
        if (_bytes.Length == 0)
            _bytes = new byte[Capacity];
        var atOnce = Math.Min(bytes.Length, Capacity - _end);
        bytes[..atOnce].CopyTo(_bytes.AsSpan(_end));
        bytes[atOnce..].CopyTo(_bytes);
        _mails.Add(id, new Entry(_end, bytes.Length));
        _order.Enqueue(id);
        _end = (_end + bytes.Length) % Capacity;
        _used += bytes.Length;
    }

    private void Forget(Guid id)
    {
        _mails.Remove(id, out var entry);
        _used -= entry.Length;
    }

    private byte[] BytesOf(Entry entry)
    {
        var bytes = new byte[entry.Length];
        var atOnce = Math.Min(entry.Length, Capacity - entry.Start);
        _bytes.AsSpan(entry.Start, atOnce).CopyTo(bytes);
        _bytes.AsSpan(0, entry.Length - atOnce).CopyTo(bytes.AsSpan(atOnce));
        return bytes;
    }

    private void Write(SendEmail mail)
    {
        _writer.Write(mail.From);
        WriteAll(mail.To);
        WriteAll(mail.Cc);
        WriteAll(mail.Bcc);
        WriteAll(mail.ReplyTo);
        WriteOptional(mail.Subject);
        _writer.Write7BitEncodedInt(mail.Tags.Count);
        foreach (var tag in mail.Tags)
        {
            _writer.Write(tag.Name);
            WriteOptional(tag.Value);
        }

        _writer.Write(mail.ScheduledAt is not null);
        if (mail.ScheduledAt is { } time)
            _writer.Write(time.UtcTicks);
    }

    private void WriteAll(IReadOnlyList<string> texts)
    {
        _writer.Write7BitEncodedInt(texts.Count);
        foreach (var text in texts)
            _writer.Write(text);
    }

    private void WriteOptional(string? text)
    {
        _writer.Write(text is not null);
        if (text is not null)
            _writer.Write(text);
    }

    private static PostedMail Read(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        var addresses = new PostedAddresses { From = reader.ReadString(), To = Texts(), Cc = Texts(), Bcc = Texts(), ReplyTo = Texts() };
        var subject = Optional();
        var tags = new MailTag[reader.Read7BitEncodedInt()];
        for (var i = 0; i < tags.Length; i++)
            tags[i] = new MailTag(reader.ReadString(), Optional());
        return new PostedMail(addresses, subject, tags, reader.ReadBoolean() ? new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero) : null);

        string? Optional() => reader.ReadBoolean() ? reader.ReadString() : null;

        string[]? Texts()
        {
            var texts = new string[reader.Read7BitEncodedInt()];
            for (var i = 0; i < texts.Length; i++)
                texts[i] = reader.ReadString();
            return texts.Length == 0 ? null : texts;
        }
    }

    /// <summary>Where a mail's bytes are; they may go on at the array's beginning.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Entry(int Start, int Length);
}
