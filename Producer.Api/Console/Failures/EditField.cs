using System.Globalization;
using System.Text.Json.Nodes;
using Contracts;
using Contracts.Validation;
using Producer.Api.Emails;

namespace Producer.Api.Console.Failures;

/// <summary>How a field of a mail is written in a form.</summary>
public enum FieldForm
{
    /// <summary>On one line.</summary>
    Line,

    /// <summary>An address a line.</summary>
    Addresses,

    /// <summary>A text of several lines.</summary>
    Text,

    /// <summary>A header a line, as <c>Name: value</c>.</summary>
    Headers,
}

/// <summary>A field of a mail that is edited.</summary>
/// <param name="Name">Its name in the JSON of a mail, and in the form.</param>
/// <param name="Label">What it says to people.</param>
/// <param name="Form">How it is written.</param>
/// <param name="Text">What it holds, with line feeds alone.</param>
public sealed record EditField(string Name, string Label, FieldForm Form, string Text)
{
    /// <summary>What is wrong with it.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>The fields of a mail; empty ones where there is none.</summary>
    internal static IReadOnlyList<EditField> Of(SendEmail? mail) =>
    [
        new(SendEmailFields.From, "From", FieldForm.Line, OneLine(mail?.From ?? "")),
        new(SendEmailFields.To, "To", FieldForm.Addresses, Joined(mail?.To)),
        new(SendEmailFields.Cc, "Cc", FieldForm.Addresses, Joined(mail?.Cc)),
        new(SendEmailFields.Bcc, "Bcc", FieldForm.Addresses, Joined(mail?.Bcc)),
        new(SendEmailFields.ReplyTo, "Reply to", FieldForm.Addresses, Joined(mail?.ReplyTo)),
        new(SendEmailFields.Subject, "Subject", FieldForm.Line, OneLine(mail?.Subject ?? "")),
        new(SendEmailFields.Text, "Text", FieldForm.Text, Lines(mail?.Text ?? "")),
        new(SendEmailFields.Html, "HTML", FieldForm.Text, Lines(mail?.Html ?? "")),
        new(SendEmailFields.Headers, "Headers", FieldForm.Headers, Joined(mail?.Headers.Select(header => $"{header.Key}: {header.Value}"))),
    ];

    /// <summary>The same fields as a form brings them.</summary>
    internal static IReadOnlyList<EditField> Of(IFormCollection form) => [.. Of(mail: null).Select(field => field with { Text = Lines(form[field.Name].ToString()) })];

    /// <summary>The fields with what the API says is wrong, and what is wrong elsewhere in the mail.</summary>
    internal static (IReadOnlyList<EditField> Fields, IReadOnlyList<string> Others) Marked(IReadOnlyList<EditField> fields, IReadOnlyList<FieldError> errors)
    {
        var byName = errors.ToLookup(error => error.Field[..NameLength(error.Field)], StringComparer.Ordinal);
        return (
            [.. fields.Select(field => field with { Errors = [.. field.Errors, .. byName[field.Name].Select(error => Told(error.Field[field.Name.Length..], error.Message))] })],
            [.. byName.Where(group => !fields.Any(field => field.Name == group.Key)).SelectMany(group => group).Select(error => $"{error.Field} {error.Message}")]);
    }

    /// <summary>What of a mail a form changes, as the merge patch that the API takes: what the form shows as it was stays as it is, byte for byte.</summary>
    internal static (JsonObject Patch, IReadOnlyList<FieldError> Errors) PatchOf(SendEmail? mail, IReadOnlyList<EditField> fields)
    {
        var (patch, errors) = (new JsonObject(), new List<FieldError>());
        foreach (var (was, field) in Of(mail).Zip(fields).Where(pair => pair.First.Text != pair.Second.Text))
        {
            patch[field.Name] = field switch
            {
                { Form: FieldForm.Headers } => HeadersOf(was, field, errors),
                { Name: SendEmailFields.Subject } => field.Text,
                _ when string.IsNullOrWhiteSpace(field.Text) => null,
                { Form: FieldForm.Addresses } => new JsonArray([.. Filled(field.Text).Select(line => JsonValue.Create(line))]),
                _ => field.Text,
            };
            // The other name of the same field, in a record that this system did not write.
            if (field.Name == SendEmailFields.Text)
                patch[SendEmailFields.Body] = null;
        }

        return (patch, errors);
    }

    // Those that are not there any more are taken away; those of a line that stayed the same are not named, and stay.
    private static JsonObject HeadersOf(EditField was, EditField field, List<FieldError> errors)
    {
        var patch = new JsonObject();
        var lines = Filled(field.Text);
        foreach (var name in Filled(was.Text).Select(line => Split(line).Name))
            patch[name] = null;
        foreach (var name in Filled(was.Text).Intersect(lines, StringComparer.Ordinal).Select(line => Split(line).Name))
            patch.Remove(name);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (index, line) in lines.Index())
        {
            var (name, value) = Split(line);
            if (value is null)
                errors.Add(new FieldError($"{SendEmailFields.Headers}[{index}]", ValidationCodes.InvalidHeaderName, "is not a header: write its name, a colon and its value"));
            else if (!seen.Add(name))
                errors.Add(new FieldError($"{SendEmailFields.Headers}[{index}]", ValidationCodes.DuplicateField, $"gives {name} a second time"));
            else if (!Filled(was.Text).Contains(line, StringComparer.Ordinal))
                patch[name] = value;
        }

        return patch;
    }

    private static (string Name, string? Value) Split(string line) =>
        line.IndexOf(':', StringComparison.Ordinal) is var colon and > 0 ? (line[..colon].Trim(), line[(colon + 1)..].Trim()) : (line, null);

    private static string Told(string place, string message) =>
        place is ['[', .. var number, ']'] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? string.Create(CultureInfo.InvariantCulture, $"Number {index + 1} {message}.")
        : place.Length > 0 ? $"{place.TrimStart('.')} {message}."
        : $"It {message}.";

    private static int NameLength(string path) => path.IndexOfAny(['[', '.']) is var end and >= 0 ? end : path.Length;

    private static string[] Filled(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string Joined(IEnumerable<string>? lines) => string.Join('\n', (lines ?? []).Select(OneLine));

    private static string OneLine(string text) => Lines(text).Replace('\n', ' ');

    // Browsers send every end of a line as CR LF.
    private static string Lines(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
}
