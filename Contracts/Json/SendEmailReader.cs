using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Contracts.Validation;

namespace Contracts.Json;

/// <summary>Reads one mail from a JSON object. Whatever it cannot take goes into <see cref="SendEmail.Unread"/>, with the reason.</summary>
internal sealed partial class SendEmailReader(bool isPosted)
{
    private static readonly string[] Known = [.. SendEmailFields.All];
    private static readonly SendEmail None = new();

    private readonly List<UnreadField> _unread = [];
    private JsonProperty _field;
    private int _listed;
    private int _more;

    // Why the present field is refused; null as long as it is not.
    private List<ValidationError>? _errors;

    // Those of the known names that were seen, a bit each; and the others.
    private uint _seen;
    private HashSet<string>? _seenOthers;

    // The fields as they are read: a record that is made anew for each of them costs more than all the rest.
    private string? _from, _subject, _text, _html, _calendar, _orderingKey;
    private List<string>? _to, _cc, _bcc, _replyTo;
    private List<Attachment>? _attachments;
    private Dictionary<string, string>? _headers;
    private List<MailTag>? _tags;
    private MailStream _stream;
    private DateTimeOffset? _scheduledAt;
    private TimeSpan? _scheduledIn;

    /// <param name="root">The mail.</param>
    /// <param name="isPosted">Whether times may count from now, which a record's must not.</param>
    public static SendEmail Read(JsonElement root, bool isPosted = false) => new SendEmailReader(isPosted).ReadObject(root);

    private SendEmail ReadObject(JsonElement root)
    {
        foreach (var field in root.EnumerateObject())
        {
            (_field, _errors, _more) = (field, null, 0);
            var name = KnownNameOf(field) ?? NameOf(field);
            var known = Array.IndexOf(Known, name);
            if (!IsFirst(known, name))
                Refuse(name, ValidationCodes.DuplicateField, "is given twice; give it once");
            // null says "not given" for every field.
            else if (known < 0 || field.Value.ValueKind != JsonValueKind.Null)
                Take(name, field.Value);
            if (_more > 0)
                _unread[^1] = _unread[^1] with { MoreErrors = _more };
        }

        return new SendEmail
        {
            From = _from ?? None.From,
            To = _to ?? None.To,
            Cc = _cc ?? None.Cc,
            Bcc = _bcc ?? None.Bcc,
            ReplyTo = _replyTo ?? None.ReplyTo,
            Subject = _subject,
            Text = _text,
            Html = _html,
            Calendar = _calendar,
            Attachments = _attachments ?? None.Attachments,
            Headers = _headers ?? None.Headers,
            Tags = _tags ?? None.Tags,
            OrderingKey = _orderingKey,
            Stream = _stream,
            ScheduledAt = _scheduledAt,
            ScheduledIn = _scheduledIn,
            Unread = _unread.Count == 0 ? None.Unread : _unread,
        };
    }

    private bool IsFirst(int known, string name)
    {
        if (known < 0)
            return (_seenOthers ??= new HashSet<string>(StringComparer.Ordinal)).Add(name);
        var before = _seen;
        _seen |= 1u << known;
        return _seen != before;
    }

    private void Take(string name, JsonElement value)
    {
        switch (name)
        {
            case SendEmailFields.From:
                _from = Text(name, value);
                break;
            case SendEmailFields.To:
                _to = TextOrList(name, value, SendEmailLimits.Recipients);
                break;
            case SendEmailFields.Cc:
                _cc = TextOrList(name, value, SendEmailLimits.Recipients);
                break;
            case SendEmailFields.Bcc:
                _bcc = TextOrList(name, value, SendEmailLimits.Recipients);
                break;
            case SendEmailFields.ReplyTo:
                _replyTo = TextOrList(name, value, SendEmailLimits.ReplyTo);
                break;
            case SendEmailFields.Subject:
                _subject = Text(name, value);
                break;
            case SendEmailFields.Text or SendEmailFields.Body:
                TakeBody(name, value);
                break;
            case SendEmailFields.Html:
                _html = Text(name, value);
                break;
            case SendEmailFields.Calendar:
                _calendar = Text(name, value);
                break;
            case SendEmailFields.Attachments:
                _attachments = Attachments(name, value);
                break;
            case SendEmailFields.Headers:
                _headers = Map(name, value);
                break;
            case SendEmailFields.Tags:
                _tags = Tags(name, value);
                break;
            case SendEmailFields.OrderingKey:
                _orderingKey = Text(name, value);
                break;
            case SendEmailFields.Stream:
                _stream = Stream(name, value);
                break;
            case SendEmailFields.ScheduledAt:
                TakeScheduled(name, value);
                break;
            default:
                Refuse(name, UnknownFields.CodeOf(name), UnknownFields.Explain(name));
                break;
        }
    }

    private void TakeBody(string name, JsonElement value)
    {
        var text = Text(name, value);
        if (text is null || _text is null || _text == text)
            _text = text ?? _text;
        else
            Refuse(name, ValidationCodes.Conflict, "'text' and 'body' are two names for the same field and differ here; give one of them");
    }

    private string? Text(string path, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            return WrongType(path, "a text", value);

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // System.Text.Json tells of half a surrogate pair (\ud800), and of bytes that are not UTF-8, only when the text is taken.
            Refuse(path, ValidationCodes.InvalidText, "is not valid Unicode text: it holds half a surrogate pair, or bytes that are not UTF-8");
            return null;
        }
    }

    private MailStream Stream(string path, JsonElement value)
    {
        if (Text(path, value) is { } text)
        {
            if (MailStreams.TryRead(text, out var stream))
                return stream.Value;
            Refuse(path, ValidationCodes.UnknownStream, $"is not a stream; give {string.Join(" or ", MailStreams.Names)}, or leave it out");
        }

        return MailStream.Transactional;
    }

    private void TakeScheduled(string path, JsonElement value)
    {
        if (Text(path, value) is not { } text)
            return;
        if (isPosted && RelativeTime.TryParse(text, out var wait))
            _scheduledIn = wait;
        else if (Rfc3339.TryParse(text, out var time))
            _scheduledAt = time;
        else
            Refuse(path, ValidationCodes.InvalidTime, isPosted ? $"is not a valid time; {Rfc3339.Rule}, or {RelativeTime.Rule}" : $"is not a valid time; {Rfc3339.Rule}");
    }

    private List<string> TextOrList(string path, JsonElement value, int limit)
    {
        if (value.ValueKind != JsonValueKind.String)
            return List(path, value, limit, "a text or a list of texts");

        return Text(path, value) is { } text ? [text] : [];
    }

    private List<string> List(string path, JsonElement value, int limit, string expected = "a list of texts")
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            WrongType(path, expected, value);
            return [];
        }

        if (IsTooLong(path, value.GetArrayLength(), limit))
            return [];

        var texts = value.EnumerateArray().Select((item, index) => Text($"{path}[{index}]", item)).OfType<string>().ToList();
        // All or nothing: half a list beside the refused whole would be written twice.
        return _errors is not null ? [] : texts;
    }

    private Dictionary<string, string> Map(string path, JsonElement value)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        if (value.ValueKind != JsonValueKind.Object)
        {
            WrongType(path, "an object of texts", value);
            return map;
        }

        if (IsTooLong(path, value.GetPropertyCount(), SendEmailLimits.Headers))
            return map;

        foreach (var item in value.EnumerateObject())
        {
            var name = NameOf(item);
            if (Text($"{path}.{name}", item.Value) is { } text && !map.TryAdd(name, text))
                Refuse($"{path}.{name}", ValidationCodes.DuplicateField, "is given twice; give it once");
        }

        return _errors is not null ? [] : map;
    }

    // Asked before the items are looked at: a list costs its length to parse, and no more.
    private bool IsTooLong(string path, int count, int limit)
    {
        if (count <= limit)
            return false;

        Refuse(path, ValidationCodes.TooMany, ErrorList.TooMany(count, limit));
        return true;
    }

    private string? WrongType(string path, string expected, JsonElement value)
    {
        Refuse(path, ValidationCodes.WrongType, $"must be {expected}, and is {JsonKinds.Describe(value)}");
        return null;
    }

    // One field may be refused for several reasons (to[0] and to[2]); it is listed once.
    private void Refuse(string path, string code, string message)
    {
        if (_errors is null)
        {
            _errors = [];
            _unread.Add(new UnreadField(_field.Name, _field.Value.Clone(), _errors));
        }

        if (_listed == SendEmailLimits.Errors)
        {
            _more++;
            return;
        }

        _errors.Add(new ValidationError(Texts.Cut(path, SendEmailLimits.ErrorPathLength), code, message));
        _listed++;
    }

    /// <summary>The name of a field that a mail may have, without a text made for it; null for another, or one that is written with escapes.</summary>
    private static string? KnownNameOf(JsonProperty property)
    {
        var name = JsonMarshal.GetRawUtf8PropertyName(property);
        foreach (var known in Known)
        {
            if (Ascii.Equals(name, known))
                return known;
        }

        return null;
    }

    private static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException("The name of a field holds an escape that is not a Unicode character (half a surrogate pair).", exception);
        }
    }
}
