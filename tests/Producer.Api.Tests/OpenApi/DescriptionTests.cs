using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.OpenApi;
using Persistence.Failures;
using Persistence.Holds;
using Persistence.Mails;
using Persistence.Text;
using Producer.Api.Emails;
using Producer.Api.Failures;
using Producer.Api.Problems;

namespace Producer.Api.Tests.OpenApi;

public partial class DescriptionTests
{
    private string _text = "";
    private JsonElement _document;

    [OneTimeSetUp]
    public async Task Read()
    {
        await using var api = await ApiHost.StartAsync(("Database:ConnectionString", ApiHost.NoPostgres));
        _text = await (await api.GetAsync("/openapi/v1.json")).Content.ReadAsStringAsync();
        _document = JsonDocument.Parse(_text).RootElement;
    }

    [TestCase("GET", "/emails/x", 404, "application/problem+json", """{"type":"t","title":"t","status":404,"code":"mail_not_found"}""", null)]
    [TestCase("GET", "/emails/x", 404, "application/problem+json", """{"type":"t","title":"t","status":404}""", "code")]
    [TestCase("GET", "/emails/x", 404, "application/problem+json", """{"type":"t","title":"t","status":"404","code":"mail_not_found"}""", "/status")]
    [TestCase("GET", "/emails/x", 404, "application/problem+json", """{"type":"t","title":"t","status":404,"code":"mail_not_found","line":null}""", "/line")]
    [TestCase("GET", "/emails/x", 404, "application/problem+json", """{"type":"t","title":"t","status":404,"code":"mail_not_found","more":1}""", "/more")]
    [TestCase("GET", "/emails/x", 404, "text/html", "", "text/html")]
    [TestCase("GET", "/emails/x", 418, "application/problem+json", "{}", "status")]
    [TestCase("POST", "/emails/batch", 202, "application/json", """{"data":[{"id":"0190b0a0-0000-7000-8000-000000000000","index":0}]}""", null)]
    [TestCase("POST", "/emails/batch", 202, "application/json", """{"data":[{"id":"x","index":"0"}]}""", "/data/0/id")]
    public void An_answer_that_is_not_as_described_is_known(string method, string path, int status, string mediaType, string body, string? wrong)
    {
        var explained = new ApiDescription(_text).Explain(method, path, status, mediaType, body);

        if (wrong is null)
            explained.ShouldBeNull();
        else
            explained.ShouldNotBeNull().ShouldContain(wrong);
    }

    [Test]
    public void The_description_is_a_valid_document()
    {
        var result = OpenApiDocument.Parse(_text, "json");

        result.Diagnostic.ShouldNotBeNull().Errors.Select(error => error.ToString()).ShouldBeEmpty();
        result.Document.ShouldNotBeNull();
    }

    [Test]
    public void It_names_every_route() =>
        _document.GetProperty("paths").EnumerateObject().Select(path => path.Name).Order().ShouldBe(
        [
            "/emails", "/emails/{id}", "/emails/{id}/cancel", "/emails/{id}/events", "/emails/batch", "/failures", "/failures/{id}", "/failures/{id}/discard", "/failures/{id}/edit", "/failures/{id}/replay", "/failures/{id}/restore", "/failure-groups", "/failure-groups/{key}/note", "/health/live", "/health/ready",
            "/holds", "/holds/{id}", "/holds/{id}/release",
            "/keys", "/keys/{id}/revoke", "/keys/{id}/rotate", "/operations", "/operations/{id}", "/operations/{id}/cancel", "/operations/{id}/pause", "/operations/{id}/resume", "/stats",
        ], ignoreOrder: true);

    [Test]
    public void It_names_every_problem_code_and_explains_it()
    {
        // These come for paths and methods that no operation describes, or of the server before any operation.
        var generic = new[] { ProblemTypes.NotFound.Code, ProblemTypes.MethodNotAllowed.Code, ProblemTypes.NotAcceptable.Code };
        var responses = _document.GetProperty("paths").ToString();

        foreach (var type in ProblemTypes.All.Where(type => !generic.Contains(type.Code)))
            responses.ShouldContain($"`{type.Code}`");
        Schema("Problem").GetProperty("properties").GetProperty("code").GetProperty("enum")
            .EnumerateArray().Select(code => code.GetString()).ShouldBe(ProblemTypes.All.Select(type => type.Code));
    }

    [TestCase(typeof(MailState))]
    [TestCase(typeof(ReportedState))]
    [TestCase(typeof(RecipientKind))]
    [TestCase(typeof(RecipientOutcome))]
    [TestCase(typeof(FailureStatus))]
    [TestCase(typeof(FailureActionKind))]
    [TestCase(typeof(HoldScope))]
    [TestCase(typeof(HoldMode))]
    public void Its_words_for_states_kinds_and_outcomes_are_those_of_the_code(Type type) =>
        Schema(type.Name).GetProperty("enum").EnumerateArray().Select(word => word.GetString())
            .ShouldBe(Enum.GetNames(type).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName));

    [Test]
    public void It_names_every_code_of_a_field_that_is_not_valid()
    {
        var codes = typeof(Contracts.Validation.ValidationCodes).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!);

        Schema("Problem").GetProperty("properties").GetProperty("errors").GetProperty("items").GetProperty("properties").GetProperty("code").GetProperty("enum")
            .EnumerateArray().Select(code => code.GetString()!).ShouldBe(codes.Concat(["too_large", "from_not_allowed", "not_accepted", "outcome_unknown"]));
    }

    [Test]
    public void The_parameters_of_the_list_of_failures_are_described_and_the_status_with_its_words()
    {
        var parameters = Parameters("/failures", "get");

        parameters.Keys.ShouldBe(["sort", "count", "limit", "cursor", .. FilterTexts.Names]);
        parameters.Values.ShouldAllBe(parameter => parameter.GetProperty("in").GetString() == "query" && parameter.GetProperty("description").GetString()!.Length > 0);
        foreach (var status in EnumText.All<FailureStatus>())
            parameters["status"].GetProperty("description").GetString()!.ShouldContain($"`{status}`");
    }

    [TestCase("/emails", "Idempotency-Key")]
    [TestCase("/emails/batch", "Idempotency-Key")]
    [TestCase("/emails/{id}/cancel", "X-Actor")]
    [TestCase("/failures/{id}/replay", "X-Actor")]
    [TestCase("/failures/{id}/discard", "X-Actor")]
    [TestCase("/holds", "X-Actor")]
    [TestCase("/holds/{id}/release", "X-Actor")]
    public void What_a_post_takes_in_a_header_is_described(string path, string header)
    {
        var parameter = Parameters(path, "post")[header];

        parameter.GetProperty("in").GetString().ShouldBe("header");
        parameter.GetProperty("description").GetString().ShouldNotBeNullOrEmpty();
        parameter.GetProperty("schema").GetProperty("maxLength").GetInt32().ShouldBeGreaterThan(0);
        parameter.TryGetProperty("required", out var required).ShouldBe(required.ValueKind == JsonValueKind.False);
    }

    [TestCase("README.md")]
    [TestCase("docs/using.md")]
    [TestCase("docs/architecture.md")]
    [TestCase("docs/operations.md")]
    [TestCase("docs/configuration.md")]
    public void Every_endpoint_that_a_page_names_is_in_it(string page)
    {
        var described = _document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}")).ToList();
        var named = Endpoint().Matches(Checkout.Read(page)).Select(match => $"{match.Groups["method"].Value} {match.Groups["path"].Value}").Distinct().ToList();

        named.ShouldNotBeEmpty();
        named.Except(described).ShouldBeEmpty();
    }

    [Test]
    public void It_names_every_field_of_a_mail()
    {
        var body = _document.GetProperty("paths").GetProperty("/emails").GetProperty("post").GetProperty("requestBody").GetProperty("content")
            .GetProperty("application/json").GetProperty("schema");
        var reference = body.GetProperty("$ref").GetString()!.Split('/')[^1];

        _document.GetProperty("components").GetProperty("schemas").GetProperty(reference).GetProperty("properties")
            .EnumerateObject().Select(field => field.Name).ShouldBe(Contracts.SendEmailFields.All);
    }

    [Test]
    public void It_names_every_field_of_an_attachment_and_the_limit()
    {
        var attachments = _document.GetProperty("components").GetProperty("schemas").GetProperty("SendEmail").GetProperty("properties").GetProperty("attachments");

        attachments.GetProperty("description").GetString()!.ShouldContain("1,000,000 bytes");
        attachments.GetProperty("items").GetProperty("properties").EnumerateObject().Select(field => field.Name).ShouldBe(Contracts.AttachmentFields.All);
    }

    [Test]
    public void The_example_of_a_mail_is_one_that_is_taken()
    {
        var example = _document.GetProperty("components").GetProperty("schemas").GetProperty("SendEmail").GetProperty("examples")[0];

        Contracts.Validation.SendEmailValidator.Validate(JsonSerializer.Deserialize<Contracts.SendEmail>(example)!).ShouldBeEmpty();
    }

    [Test]
    public void Every_operation_says_what_it_does() =>
        _document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject())
            .Where(operation => !operation.Value.TryGetProperty("summary", out _) || !operation.Value.TryGetProperty("operationId", out _))
            .Select(operation => operation.Name)
            .ShouldBeEmpty();

    private JsonElement Schema(string name) => _document.GetProperty("components").GetProperty("schemas").GetProperty(name);

    private Dictionary<string, JsonElement> Parameters(string path, string method) =>
        _document.GetProperty("paths").GetProperty(path).GetProperty(method).GetProperty("parameters").EnumerateArray()
            .ToDictionary(parameter => parameter.GetProperty("name").GetString()!, StringComparer.Ordinal);

    [GeneratedRegex(@"\b(?<method>GET|POST|PUT|PATCH|DELETE) (?<path>/[a-z/{}-]+)", RegexOptions.None, 1_000)]
    private static partial Regex Endpoint();
}
