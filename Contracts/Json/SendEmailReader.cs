using System.Text.Json;
using Contracts.Validation;

namespace Contracts.Json;

/// <summary>Reads one mail from a JSON object. Whatever it cannot take goes into <see cref="SendEmail.Unread"/>, with the reason.</summary>
internal sealed partial class SendEmailReader(bool isPosted)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly List<UnreadField> _unread = [];
    private List<ValidationError> _errors = [];
    private JsonProperty _field;
    private int _listed;
    private int _more;
    private bool _refusedHere;

    /// <param name="root">The mail.</param>
    /// <param name="isPosted">Whether times may count from now, which a record's must not.</param>
    public static SendEmail Read(JsonElement root, bool isPosted = false) => new SendEmailReader(isPosted).ReadObject(root);

    private SendEmail ReadObject(JsonElement root)
    {
        var mail = new SendEmail();
        foreach (var field in root.EnumerateObject())
        {
            (_field, _refusedHere, _more) = (field, false, 0);
            var name = NameOf(field);
            mail = _seen.Add(name)
                ? Take(mail, name, field.Value)
                : Refuse(mail, name, ValidationCodes.DuplicateField, "is given twice; give it once");
            if (_more > 0)
                _unread[^1] = _unread[^1] with { MoreErrors = _more };
        }

        return _unread.Count == 0 ? mail : mail with { Unread = _unread };
    }

    // null says "not given" for every field.
    private SendEmail Take(SendEmail mail, string name, JsonElement value) => name switch
    {
        _ when value.ValueKind == JsonValueKind.Null && SendEmailFields.All.Contains(name, StringComparer.Ordinal) => mail,
        SendEmailFields.From => Text(name, value) is { } text ? mail with { From = text } : mail,
        SendEmailFields.To => mail with { To = TextOrList(name, value, SendEmailLimits.Recipients) },
        SendEmailFields.Cc => mail with { Cc = TextOrList(name, value, SendEmailLimits.Recipients) },
        SendEmailFields.Bcc => mail with { Bcc = TextOrList(name, value, SendEmailLimits.Recipients) },
        SendEmailFields.ReplyTo => mail with { ReplyTo = TextOrList(name, value, SendEmailLimits.ReplyTo) },
        SendEmailFields.Subject => mail with { Subject = Text(name, value) },
        SendEmailFields.Text or SendEmailFields.Body => Body(mail, name, value),
        SendEmailFields.Html => mail with { Html = Text(name, value) },
        SendEmailFields.Calendar => mail with { Calendar = Text(name, value) },
        SendEmailFields.Attachments => mail with { Attachments = Attachments(name, value) },
        SendEmailFields.Headers => mail with { Headers = Map(name, value) },
        SendEmailFields.Tags => mail with { Tags = Tags(name, value) },
        SendEmailFields.OrderingKey => mail with { OrderingKey = Text(name, value) },
        SendEmailFields.Stream => mail with { Stream = Stream(name, value) },
        SendEmailFields.ScheduledAt => Scheduled(mail, name, value),
        _ => Refuse(mail, name, UnknownFields.CodeOf(name), UnknownFields.Explain(name)),
    };

    private SendEmail Body(SendEmail mail, string name, JsonElement value)
    {
        var text = Text(name, value);
        if (text is null || mail.Text is null || mail.Text == text)
            return mail with { Text = text ?? mail.Text };

        return Refuse(mail, name, ValidationCodes.Conflict, "'text' and 'body' are two names for the same field and differ here; give one of them");
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

    private SendEmail Scheduled(SendEmail mail, string path, JsonElement value) =>
        isPosted && value.ValueKind == JsonValueKind.String && RelativeTime.TryParse(value.GetRawText().Trim('"'), out var wait)
            ? mail with { ScheduledIn = wait }
            : mail with { ScheduledAt = Time(path, value) };

    private DateTimeOffset? Time(string path, JsonElement value)
    {
        if (Text(path, value) is not { } text)
            return null;
        if (Rfc3339.TryParse(text, out var time))
            return time;

        Refuse(path, ValidationCodes.InvalidTime, isPosted ? $"is not a valid time; {Rfc3339.Rule}, or {RelativeTime.Rule}" : $"is not a valid time; {Rfc3339.Rule}");
        return null;
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
        return _refusedHere ? [] : texts;
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

        return _refusedHere ? [] : map;
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

    private SendEmail Refuse(SendEmail mail, string path, string code, string message)
    {
        Refuse(path, code, message);
        return mail;
    }

    // One field may be refused for several reasons (to[0] and to[2]); it is listed once.
    private void Refuse(string path, string code, string message)
    {
        if (!_refusedHere)
        {
            _errors = [];
            _unread.Add(new UnreadField(_field.Name, _field.Value.Clone(), _errors));
            _refusedHere = true;
        }

        if (_listed == SendEmailLimits.Errors)
        {
            _more++;
            return;
        }

        _errors.Add(new ValidationError(Texts.Cut(path, SendEmailLimits.ErrorPathLength), code, message));
        _listed++;
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
