using System.Text.Json;
using Microsoft.OpenApi;
using Producer.Api.Problems;

namespace Producer.Api.Tests.OpenApi;

public class DescriptionTests
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
            "/emails", "/emails/{id}", "/emails/{id}/cancel", "/failures", "/failures/{id}", "/failures/{id}/discard", "/failures/{id}/replay", "/health/live", "/health/ready",
            "/stats",
        ]);

    [Test]
    public void It_names_every_problem_code_and_explains_it()
    {
        // These two come for paths and methods that no operation describes.
        var generic = new[] { ProblemTypes.NotFound.Code, ProblemTypes.MethodNotAllowed.Code };
        var responses = _document.GetProperty("paths").ToString();

        foreach (var type in ProblemTypes.All.Where(type => !generic.Contains(type.Code)))
            responses.ShouldContain($"`{type.Code}`");
        _document.GetProperty("components").GetProperty("schemas").GetProperty("Problem").GetProperty("properties").GetProperty("code").GetProperty("enum")
            .EnumerateArray().Select(code => code.GetString()).ShouldBe(ProblemTypes.All.Select(type => type.Code));
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
}
