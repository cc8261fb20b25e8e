using System.Net;
using System.Text;
using System.Text.Json;
using Producer.Api.Tests.Keys;

namespace Producer.Api.Tests.Failures;

/// <summary>All failures of a filter as a file, for as long as its key lets it.</summary>
public class FailureExportTests
{
    // More than a page of it.
    private const int Failures = 501;

    [Test]
    public async Task Once_its_key_is_revoked_a_file_breaks_off()
    {
        await using var api = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", ApiKeys.First));
        var store = new Store(api.Services);
        // So long that a page is more than what is written ahead of its reader.
        var mail = JsonSerializer.SerializeToUtf8Bytes(new { from = "a@example.com", to = new[] { "b@example.com" }, subject = new string('s', 900), text = "t" });
        await Parallel.ForEachAsync(Enumerable.Range(0, Failures), async (_, _) => await store.ProjectAsync(Guid.CreateVersion7(), mail));
        var (id, secret) = await api.MakeAsync("read,operate");
        using var whole = await OpenAsync(api, secret);
        (await whole.Content.ReadAsStringAsync()).Count(c => c == '\n').ShouldBe(Failures);

        using var response = await OpenAsync(api, secret);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        await using var file = await response.Content.ReadAsStreamAsync();
        await file.ReadExactlyAsync(new byte[1]);
        (await api.PostAsync($"/keys/{id}/revoke", "", ("X-Api-Key", ApiKeys.First))).StatusCode.ShouldBe(HttpStatusCode.OK);

        using var rest = new MemoryStream();
        await Should.ThrowAsync<IOException>(() => file.CopyToAsync(rest));
        Encoding.UTF8.GetString(rest.ToArray()).Count(c => c == '\n').ShouldBeLessThan(Failures);
    }

    private static Task<HttpResponseMessage> OpenAsync(ApiHost api, string key) => api.Client.SendAsync(
        new HttpRequestMessage(HttpMethod.Get, "/failures") { Headers = { { "Accept", "application/x-ndjson" }, { "X-Api-Key", key } } }, HttpCompletionOption.ResponseHeadersRead);
}
