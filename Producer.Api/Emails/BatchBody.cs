using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Contracts;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Emails;

/// <summary>A mail of a batch: either valid, or with what is wrong with it.</summary>
/// <param name="Index">Its place, from 0.</param>
/// <param name="Mail">The mail; null where it is not valid.</param>
/// <param name="Errors">What is wrong with it.</param>
internal sealed record BatchItem(int Index, SendEmail? Mail, IReadOnlyList<BatchError> Errors);

/// <summary>What is wrong with a mail of a batch.</summary>
/// <param name="Index">The mail's place, from 0.</param>
/// <param name="Field">Where it is in the JSON, such as <c>[2].to</c>.</param>
/// <param name="Code">A stable code.</param>
/// <param name="Message">What is wrong and what is allowed.</param>
/// <param name="Id">With <c>outcome_unknown</c>: the mail to ask for.</param>
internal sealed record BatchError(int Index, string Field, string Code, string Message, Guid? Id = null);

/// <summary>The mails of a batch, read from a request; or a problem.</summary>
internal sealed record BatchBody(IReadOnlyList<BatchItem> Items, byte[] ContentHash, ProblemHttpResult? Problem)
{
    /// <summary>How many mails a batch has at most.</summary>
    public const int MaxMails = 100;

    private const string Whole = "batch";

    /// <summary>Reads and validates the body of a request of <paramref name="caller"/> that came at <paramref name="now"/>.</summary>
    public static async Task<BatchBody> ReadAsync(HttpRequest request, int maxBytes, int maxMailBytes, DateTimeOffset now, Caller caller, CancellationToken cancellationToken)
    {
        var (bytes, problem) = await JsonBody.ReadAsync(request, maxBytes, cancellationToken);
        if (problem is not null)
            return Refused(problem);
        if (bytes is null)
            return Refused(ProblemTypes.TooLarge.Because($"The batch has more than {maxBytes} bytes, which is the limit (Api:MaxBatchBytes).", (ProblemResults.LimitMember, maxBytes)));

        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Array)
                return Refused(ValidationCodes.WrongType, "must be a list of mails");
            // Before the mails are looked at.
            var count = root.GetArrayLength();
            if (count == 0)
                return Refused(ValidationCodes.Empty, "holds no mail");
            if (count > MaxMails)
                return Refused(ValidationCodes.TooMany, $"holds {count} mails; at most {MaxMails} are allowed");

            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var items = new List<BatchItem>();
            foreach (var element in root.EnumerateArray())
            {
                cancellationToken.ThrowIfCancellationRequested();
                items.Add(Read(element, items.Count, maxMailBytes, now, caller, hash));
            }

            return new BatchBody(items, hash.GetHashAndReset(), Problem: null);
        }
        catch (JsonException exception)
        {
            return Refused(JsonBody.Explain(exception));
        }
    }

    private static BatchItem Read(JsonElement element, int index, int maxMailBytes, DateTimeOffset now, Caller caller, IncrementalHash hash)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Append(hash, JsonMarshal.GetRawUtf8Value(element));
            return new BatchItem(index, Mail: null, [new BatchError(index, $"[{index}]", ValidationCodes.WrongType, "must be a mail, a JSON object")]);
        }

        var mail = SendEmailJson.ReadPosted(element);
        var canonical = SendEmailJson.Serialize(mail);
        Append(hash, canonical);
        List<BatchError> errors = [.. SendEmailValidator.Validate(mail, now).Select(error => new BatchError(index, $"[{index}].{error.Path}", error.Code, error.Message))];
        if (canonical.Length > maxMailBytes)
            errors.Add(new BatchError(index, $"[{index}]", ProblemTypes.TooLarge.Code, $"has more than {maxMailBytes} bytes, which is the limit of a mail (Api:MaxMailBytes)"));
        if (errors.Count == 0 && SenderRule.Explain(mail, caller) is { } refused)
            errors.Add(new BatchError(index, $"[{index}].{SendEmailFields.From}", ProblemTypes.FromNotAllowed.Code, refused));
        // What is valid now need not have been when it was posted first: the answer to that names what it accepted.
        if (errors.Count > 0)
            Append(hash, "not valid"u8);
        return new BatchItem(index, errors.Count == 0 ? mail : null, errors);
    }

    // With their lengths, so that no two batches are one sequence of bytes.
    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> bytes)
    {
        hash.AppendData(BitConverter.GetBytes(bytes.Length));
        hash.AppendData(bytes);
    }

    private static BatchBody Refused(string code, string message) => Refused(ProblemTypes.ValidationFailed.Because(
        $"{Whole} {message}.", ("errors", new[] { new FieldError(Whole, code, message) })));

    private static BatchBody Refused(ProblemHttpResult problem) => new([], [], problem);
}
