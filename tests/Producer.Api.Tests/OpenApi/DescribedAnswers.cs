namespace Producer.Api.Tests.OpenApi;

/// <summary>Fails a test whose request is answered otherwise than the API's description says.</summary>
internal sealed class DescribedAnswers(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly Lazy<Task<ApiDescription>> Description = new(async () => new ApiDescription(await ApiHost.DescriptionAsync()));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var (method, path) = (request.Method, request.RequestUri!.AbsolutePath);
        var response = await base.SendAsync(request, cancellationToken);
        // Of HEAD nothing but its status could be looked at.
        if (method == HttpMethod.Head)
            return response;
        var mediaType = response.Content.Headers.ContentType?.MediaType;
        // A stream of events comes as long as somebody reads it.
        var body = mediaType?.EndsWith("json", StringComparison.Ordinal) == true && mediaType != "application/x-ndjson" ? await response.Content.ReadAsStringAsync(cancellationToken) : null;
        if ((await Description.Value).Explain(method.Method, path, (int)response.StatusCode, mediaType, body) is { } wrong)
            throw new ShouldAssertException($"{method} {path} answered {(int)response.StatusCode} otherwise than described: {wrong}\n{body}");
        return response;
    }
}
