using System.Text;
using Contracts.Validation;
using FsCheck;
using FsCheck.Fluent;

namespace Contracts.Tests.Validation;

/// <summary>
/// What reading and validating costs. Allocations stand for the work: they are counted, and the same on every machine.
/// </summary>
public class SendEmailCostTests
{
    // Each repeats its item as often as it is told; together they stand for every place of a mail where something may repeat.
    private static readonly (string Name, string Before, Func<int, string> Item, string After)[] Shapes =
    [
        ("numbers in to", "{\"to\":[", _ => "1,", "1]}"),
        ("nulls in cc", "{\"cc\":[", _ => "null,", "null]}"),
        ("addresses in bcc", "{\"bcc\":[", i => $"\"r{i}@x.org\",", "\"z@x.org\"]}"),
        ("texts in reply_to", "{\"reply_to\":[", _ => "\"\",", "\"\"]}"),
        ("tags", "{\"tags\":[", _ => "\"\",", "\"\"]}"),
        ("attachments that are numbers", "{\"attachments\":[", _ => "1,", "1]}"),
        ("empty attachments", "{\"attachments\":[", _ => "{},", "{}]}"),
        ("unknown fields of an attachment", "{\"attachments\":[{", i => $"\"f{i}\":1,", "\"z\":1}]}"),
        ("one field of an attachment again and again", "{\"attachments\":[{", _ => "\"filename\":1,", "\"filename\":1}]}"),
        ("headers", "{\"headers\":{", i => $"\"X-{i}\":\"v\",", "\"X-Z\":\"v\"}}"),
        ("headers that are numbers", "{\"headers\":{", i => $"\"X-{i}\":1,", "\"X-Z\":1}}"),
        ("one header again and again", "{\"headers\":{", _ => "\"X-A\":\"v\",", "\"X-A\":\"v\"}}"),
        ("unknown fields", "{", i => $"\"f{i}\":1,", "\"z\":1}"),
        ("one unknown field again and again", "{", _ => "\"z\":1,", "\"z\":1}"),
        ("one field again and again", "{", _ => "\"subject\":\"s\",", "\"subject\":\"s\"}"),
        ("two names of the text", "{\"text\":\"a\",", _ => "\"body\":\"b\",", "\"body\":\"b\"}"),
        ("a long name", "{\"", _ => "name", "\":1}"),
        ("a long name of a header", "{\"headers\":{\"", _ => "ü", "\":1}}"),
        ("a long name in an attachment", "{\"attachments\":[{\"", _ => "name", "\":1}]}"),
        ("a long address", "{\"to\":\"", _ => "a@x.org", "\"}"),
        ("a long subject", "{\"subject\":\"", _ => "\\ud83c\\udf89", "\"}"),
        ("half surrogate pairs", "{\"text\":\"", _ => "\\ud800", "\"}"),
        ("a long time", "{\"scheduled_at\":\"", _ => "2030", "\"}"),
        ("a long ordering key", "{\"ordering_key\":\"", _ => "é", "\"}"),
        ("base64 that is none", "{\"attachments\":[{\"content\":\"", _ => "?", "\"}]}"),
        ("a list in an unknown field", "{\"z\":[", _ => "[],", "[]]}"),
    ];

    [Test]
    public void The_work_is_linear_in_the_request_and_the_answer_is_bounded() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(
            (from shape in Gen.Elements(Shapes) from count in Gen.Choose(1_000, 3_000) select (Shape: shape, Count: count)).ToArbitrary(),
            given =>
            {
                var (small, _) = Cost(given.Shape, given.Count);
                var (large, errors) = Cost(given.Shape, 4 * given.Count);

                // Four times as much and some room for what grows in steps; a quadratic part would make it sixteen times.
                large.ShouldBeLessThan(6 * small + 100_000, given.Shape.Name);
                errors.Count.ShouldBeInRange(1, SendEmailLimits.Errors + 1, given.Shape.Name);
                errors.Sum(error => error.ToString().Length).ShouldBeLessThan(40_000, given.Shape.Name);
                return true;
            }));

    [TestCaseSource(nameof(Shapes))]
    public void No_request_makes_many_times_its_own_size((string Name, string Before, Func<int, string> Item, string After) shape)
    {
        var (allocated, errors) = Cost(shape, 20_000);

        allocated.ShouldBeLessThan(200L * Json(shape, 20_000).Length + 500_000);
        errors.ShouldAllBe(error => error.Path.Length <= SendEmailLimits.ErrorPathLength + 1);
    }

    [TestCase("""{"to":[LIST]}""", "1", 101, "to: too_many")]
    [TestCase("""{"cc":[LIST]}""", "1", 101, "cc: too_many")]
    [TestCase("""{"bcc":[LIST]}""", "1", 101, "bcc: too_many")]
    [TestCase("""{"reply_to":[LIST]}""", "1", 11, "reply_to: too_many")]
    [TestCase("""{"tags":[LIST]}""", "1", 21, "tags: too_many")]
    [TestCase("""{"attachments":[LIST]}""", "1", 101, "attachments: too_many")]
    [TestCase("""{"headers":{LIST}}""", "\"a\":1", 51, "headers: too_many")]
    public void A_list_is_refused_by_its_length_before_its_items_are_looked_at(string json, string item, int count, string expected)
    {
        var mail = Read(json.Replace("LIST", string.Join(',', Enumerable.Repeat(item, count)), StringComparison.Ordinal));
        var path = expected.Split(':')[0];

        Errors(mail).Where(error => error.StartsWith(path, StringComparison.Ordinal)).ShouldBe([expected]);
        Encoding.UTF8.GetString(SendEmailJson.Serialize(mail)).ShouldContain(item, Case.Sensitive);
    }

    [Test]
    public void Of_more_than_a_hundred_errors_the_rest_is_counted()
    {
        var mail = Read("{" + string.Join(',', Enumerable.Range(0, 250).Select(i => $"\"f{i}\":1")) + "}");

        var errors = SendEmailValidator.Validate(mail);
        errors.Count.ShouldBe(101);
        errors[99].Path.ShouldBe("f99");
        errors[100].ShouldBe(new ValidationError("mail", ValidationCodes.MoreErrors, "has 154 more errors, which are not listed; fix these first"));
    }

    [Test]
    public void A_name_is_cut_where_an_error_tells_it_and_no_character_is_cut_in_two()
    {
        var name = new string('n', SendEmailLimits.ErrorPathLength - 1) + "🎉 and more";

        SendEmailValidator.Validate(Read($$"""{"{{name}}":1}"""))[0].Path.ShouldBe(new string('n', SendEmailLimits.ErrorPathLength - 1) + "…");
    }

    private static string Json((string Name, string Before, Func<int, string> Item, string After) shape, int count) =>
        shape.Before + string.Concat(Enumerable.Range(0, count).Select(shape.Item)) + shape.After;

    private static (long Allocated, IReadOnlyList<ValidationError> Errors) Cost((string Name, string Before, Func<int, string> Item, string After) shape, int count)
    {
        var bytes = Encoding.UTF8.GetBytes(Json(shape, count));
        SendEmailValidator.Validate(SendEmailJson.Deserialize(bytes));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var errors = SendEmailValidator.Validate(SendEmailJson.Deserialize(bytes));
        return (GC.GetAllocatedBytesForCurrentThread() - before, errors);
    }

    private static SendEmail Read(string json) => SendEmailJson.Deserialize(Encoding.UTF8.GetBytes(json));

    private static string[] Errors(SendEmail mail) => [.. SendEmailValidator.Validate(mail).Select(error => $"{error.Path}: {error.Code}")];
}
