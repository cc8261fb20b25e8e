using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using InMemoryKafka;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Persistence.Schema;
using Producer.Api.Emails;
using Producer.Api.Hosting;
using Producer.Api.Tests.OpenApi;

namespace Producer.Api.Tests;

/// <summary>The whole service in this process, with a real Postgres and, instead of Kafka, a queue that a test looks into.</summary>
internal sealed class ApiHost : IAsyncDisposable
{
    /// <summary>A Postgres that nobody answers for.</summary>
    public const string NoPostgres = "Host=127.0.0.1;Port=1;Database=none;Username=none;Password=none";

    private const string Urls = "urls";

    // One a fixture: what runs by itself in the service of one, such as the sweep of replays, would take from another what its test waits for.
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Databases = new(StringComparer.Ordinal);

    // A Kafka that answers: without one each service asks for it until its time is up. Nothing is written to it.
    private static readonly Lazy<InMemoryCluster> SharedKafka = new(InMemoryCluster.Start);

    private readonly WebApplication _app;

    private ApiHost(WebApplication app, FakeMailQueue queue)
    {
        _app = app;
        Queue = queue;
    }

    /// <summary>A client of it, whose answers must be as the API's description says.</summary>
    public HttpClient Client => field ??= Get<IServer>() is TestServer server
        ? new HttpClient(new DescribedAnswers(server.CreateHandler())) { BaseAddress = server.BaseAddress }
        : new HttpClient(new DescribedAnswers(new SocketsHttpHandler())) { BaseAddress = Address };

    /// <summary>Where it listens, of one on Kestrel.</summary>
    public Uri Address => new(_app.Urls.First());

    public FakeMailQueue Queue { get; }

    public IServiceProvider Services => _app.Services;

    public T Get<T>() where T : notnull => Services.GetRequiredService<T>();

    /// <summary>Starts the service; the schema is there. Settings go over the defaults: <c>("Api:Key", "…")</c>.</summary>
    public static Task<ApiHost> StartAsync(params (string Key, string Value)[] settings) => StartAsync(settings, _ => { });

    /// <inheritdoc cref="StartAsync(ValueTuple{string, string}[])"/>
    public static async Task<ApiHost> StartAsync((string Key, string Value)[] settings, Action<IServiceCollection> addMore)
    {
        var host = Build(await WithDatabaseAsync(settings), addMore);
        await host._app.StartAsync();
        return host;
    }

    /// <summary>Starts the service as <see cref="StartAsync(ValueTuple{string, string}[])"/> does, with the Kafka that the settings name instead of the fake.</summary>
    public static Task<ApiHost> StartWithKafkaAsync(params (string Key, string Value)[] settings) => StartWithKafkaAsync(settings, _ => { });

    /// <inheritdoc cref="StartWithKafkaAsync(ValueTuple{string, string}[])"/>
    public static async Task<ApiHost> StartWithKafkaAsync((string Key, string Value)[] settings, Action<IServiceCollection> addMore)
    {
        var host = Build(await WithDatabaseAsync(settings), addMore, KafkaQueue.AddKafkaQueue);
        await host._app.StartAsync();
        return host;
    }

    /// <summary>Starts the service on Kestrel, for what a server does before the service.</summary>
    public static async Task<ApiHost> StartOnKestrelAsync(params (string Key, string Value)[] settings)
    {
        var host = Build([.. await WithDatabaseAsync(settings), (Urls, "http://127.0.0.1:0")], _ => { });
        await host._app.StartAsync();
        return host;
    }

    /// <summary>The API's description of itself.</summary>
    public static async Task<string> DescriptionAsync()
    {
        await using var host = Build(("Database:ConnectionString", NoPostgres));
        await host._app.StartAsync();
        return await host._app.GetTestClient().GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative));
    }

    /// <summary>Starts the service as <see cref="StartAsync(ValueTuple{string, string}[])"/> does, on a database of the caller's own.</summary>
    public static Task<ApiHost> StartOnAsync(string connectionString, params (string Key, string Value)[] settings) => StartOnAsync(connectionString, settings, _ => { });

    /// <inheritdoc cref="StartOnAsync(string, ValueTuple{string, string}[])"/>
    public static async Task<ApiHost> StartOnAsync(string connectionString, (string Key, string Value)[] settings, Action<IServiceCollection> addMore)
    {
        var host = Build([.. settings, ("Database:ConnectionString", connectionString)], addMore);
        await host.Services.GetRequiredService<Migrator>().MigrateAsync(Eventually.DefaultDeadline);
        await host._app.StartAsync();
        return host;
    }

    /// <summary>Builds the service without starting it, for what a start refuses.</summary>
    public static ApiHost Build(params (string Key, string Value)[] settings) => Build(settings, _ => { });

    /// <inheritdoc cref="Build(ValueTuple{string, string}[])"/>
    public static ApiHost Build((string Key, string Value)[] settings, Action<IServiceCollection> addMore, Action<WebApplicationBuilder>? addQueue = null)
    {
        var queue = new FakeMailQueue();
        var environment = settings.FirstOrDefault(setting => setting.Key == "environment").Value ?? Environments.Development;
        string[] args = [$"--environment={environment}", $"--Kafka:BootstrapServers={SharedKafka.Value.BootstrapServers}", .. settings.Where(setting => setting.Key != "environment").Select(setting => $"--{setting.Key}={setting.Value}")];
        var app = ProducerApi.Build(args, builder =>
        {
            if (!settings.Any(setting => setting.Key == Urls))
                builder.WebHost.UseTestServer();
            builder.Logging.ClearProviders();
            if (addQueue is null)
                builder.Services.AddSingleton<IMailQueue>(queue);
            else
                addQueue(builder);
            addMore(builder.Services);
        });
        return new ApiHost(app, queue);
    }

    public Task StartServerAsync() => _app.StartAsync();

    public Task<HttpResponseMessage> PostAsync(string path, string json, params (string Name, string Value)[] headers) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") }, headers);

    public Task<HttpResponseMessage> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, path), headers);

    /// <summary>Sends a request as the server sees it, for what no client sends.</summary>
    public Task<HttpContext> SendAsync(Action<HttpRequest> configure) => _app.GetTestServer().SendAsync(context => configure(context.Request));

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, (string Name, string Value)[] headers)
    {
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return Client.SendAsync(request);
    }

    private static async Task<(string Key, string Value)[]> WithDatabaseAsync((string Key, string Value)[] settings) =>
        settings.Any(setting => setting.Key == "Database:ConnectionString")
            ? settings
            : [.. settings, ("Database:ConnectionString", await Databases.GetOrAdd(TestContext.CurrentContext.Test.ClassName ?? "", _ => new(CreateDatabaseAsync)).Value)];

    private static async Task<string> CreateDatabaseAsync()
    {
        var postgres = await PostgresFixture.StartAsync();
        var connectionString = await postgres.CreateDatabaseAsync("api");
        await using var host = Build(("Database:ConnectionString", connectionString));
        await host.Services.GetRequiredService<Migrator>().MigrateAsync(Eventually.DefaultDeadline);
        return connectionString;
    }
}

internal static class ResponseExtensions
{
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response) =>
        await response.Content.ReadFromJsonAsync<JsonElement>();

    /// <summary>The problem of an answer that must be one, with this status and code.</summary>
    public static async Task<JsonElement> ProblemAsync(this HttpResponseMessage response, int status, string code)
    {
        var body = await response.Content.ReadAsStringAsync();
        ((int)response.StatusCode).ShouldBe(status, body);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        var problem = JsonDocument.Parse(body).RootElement;
        problem.GetProperty("code").GetString().ShouldBe(code);
        problem.GetProperty("status").GetInt32().ShouldBe(status);
        problem.GetProperty("type").GetString().ShouldBe($"urn:messaging:problem:{code}");
        problem.GetProperty("trace_id").GetString().ShouldNotBeNullOrEmpty();
        return problem;
    }
}
