using System.Text;
using System.Text.Json;
using Contracts;
using FsCheck;
using FsCheck.Fluent;

namespace Producer.Api.Tests.Problems;

/// <summary>Whatever JSON comes, the response is 202 or a problem of the caller's, and one of the documented codes.</summary>
public class JsonFuzzTests
{
    private static readonly Gen<string> Text = Gen.Elements(
        "\"\"", "\"a@x.org\"", "\"Ann <a@x.org>\"", "\"\\ud800\"", "\"\\u0000\"", "\"\\r\\n\"", "\"2030-01-31T08:00:00Z\"", "\"9999-12-31t23:59:59.999999999z\"",
        "\"JVBE\"", "\"🎉\"", "\"" + new string('x', 600) + "\"");

    private static readonly Gen<string> Scalar = Gen.OneOf(
        Text, Gen.Elements("null", "true", "false", "0", "-1", "1e308", "-0.0", "99999999999999999999999999"), Gen.Choose(-1_000, 1_000).Select(number => $"{number}"));

    private static readonly Gen<string> Name = Gen.Frequency(
        (6, Gen.Elements(SendEmailFields.All.ToArray())), (2, Gen.Elements(AttachmentFields.All.ToArray())),
        (1, Gen.Elements("", "replyTo", "X-A", "From", "template", "\\u0000", "\\ud83c\\udf89", "🎉")), (1, Gen.Constant("\\ud800")));

    private static Gen<string> Value(int depth) => depth == 0
        ? Scalar
        : Gen.Frequency(
            (3, Scalar), (2, Gen.Choose(0, 4).SelectMany(count => Value(depth - 1).ListOf(count)).Select(items => $"[{string.Join(',', items)}]")), (2, Object(depth - 1)));

    private static Gen<string> Object(int depth) =>
        from count in Gen.Choose(0, 6)
        from fields in (from name in Name from value in Value(depth) select $"\"{name}\":{value}").ListOf(count)
        select $"{{{string.Join(',', fields)}}}";

    // Cut or with a character too many: what is almost JSON.
    private static readonly Gen<string> Broken =
        from json in Object(2)
        from at in Gen.Choose(0, json.Length)
        from insert in Gen.Elements("", ",", "}", "\"", "\\", "\u0000", "\ufeff", "/*")
        from cut in Gen.Elements(true, false)
        select json[..at] + insert + (cut ? "" : json[at..]);

    [Test]
    public async Task No_JSON_is_answered_with_an_error_of_the_service()
    {
        await using var api = await ApiHost.StartAsync();
        var paths = Gen.Frequency(
            (4, Gen.Constant("/emails")), (1, Gen.Constant($"/failures/{Guid.NewGuid()}/replay")), (1, Gen.Constant($"/failures/{Guid.NewGuid()}/discard")));
        var requests = from path in paths from json in Gen.Frequency((4, Object(3)), (1, Value(2)), (2, Broken)) select (Path: path, Json: json);

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1_500), Prop.ForAll(requests.ToArbitrary(), request =>
        {
            using var response = api.PostAsync(request.Path, request.Json).GetAwaiter().GetResult();
            var status = (int)response.StatusCode;
            var body = response.Content.ReadAsStringAsync().GetAwaiter().GetResult();
            status.ShouldBeOneOf([202, 400, 404, 413, 422], request.Json);
            if (status != 202)
                JsonDocument.Parse(body).RootElement.GetProperty("code").GetString()!.ShouldBeOneOf(
                    "invalid_json", "invalid_request", "validation_failed", "failure_not_found", "too_large");
            Encoding.UTF8.GetByteCount(body).ShouldBeLessThan(20_000 + 10 * request.Json.Length);
            return true;
        }));
    }
}
