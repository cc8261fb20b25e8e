using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Persistence.Schema;
using Producer.Api.Emails;
using Producer.Api.Hosting;
using Producer.Api.Tests;

namespace Console.Tests;

/// <summary>The whole service in this process on a port of its own, with a real Postgres and Kafka; mails go to a queue that a test looks into.</summary>
internal sealed class ConsoleHost : IAsyncDisposable
{
    /// <summary>A key that may do everything, where one is asked for.</summary>
    public const string Key = "0123456789abcdef-the-first-key";

    private readonly WebApplication _app;

    private ConsoleHost(WebApplication app, string database, int port)
    {
        (_app, Database, Port) = (app, database, port);
        Store = new Store(app.Services);
    }

    /// <summary>Where it is, without a path.</summary>
    public string Address => $"http://127.0.0.1:{Port}";

    public string Database { get; }

    public int Port { get; }

    public Store Store { get; }

    public IServiceProvider Services => _app.Services;

    public FakeMailQueue Queue => (FakeMailQueue)Get<IMailQueue>();

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>Starts it on a database of its own.</summary>
    public static async Task<ConsoleHost> StartAsync(params (string Key, string Value)[] settings)
    {
        var postgres = await PostgresFixture.StartAsync();
        return await StartOnAsync(await postgres.CreateDatabaseAsync("console"), Ports.Free(), settings);
    }

    /// <summary>Starts it on a database and a port, as an instance that is started again.</summary>
    public static Task<ConsoleHost> StartOnAsync(string database, int port, params (string Key, string Value)[] settings) => StartOnAsync(database, port, isThere: true, settings);

    /// <summary>Starts it where no Postgres is.</summary>
    public static Task<ConsoleHost> StartWithoutPostgresAsync(params (string Key, string Value)[] settings) =>
        StartOnAsync("Host=127.0.0.1;Port=1;Database=none;Username=none;Password=the-database-password", Ports.Free(), isThere: false, settings);

    private static async Task<ConsoleHost> StartOnAsync(string database, int port, bool isThere, (string Key, string Value)[] settings)
    {
        var kafka = await KafkaFixture.StartAsync();
        var environment = settings.FirstOrDefault(setting => setting.Key == "environment").Value ?? Environments.Development;
        (string Key, string Value)[] all =
        [
            ("urls", $"http://127.0.0.1:{port}"), ("Database:ConnectionString", database), ("Kafka:BootstrapServers", kafka.BootstrapServers),
            // The broker may be one that others use as well.
            ("Kafka:TopicPrefix", $"{Guid.NewGuid():N}."[^9..]),
            // What is there is shown, however slow the machine is.
            ("Api:StatsTimeout", "00:01:00"),
            .. settings.Where(setting => setting.Key != "environment"),
        ];
        var app = ProducerApi.Build([$"--environment={environment}", .. all.Select(setting => $"--{setting.Key}={setting.Value}")], builder =>
        {
            builder.Logging.ClearProviders();
            if (Environment.GetEnvironmentVariable("CONSOLE_LOG") is not null)
                builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
            builder.Services.AddSingleton<IMailQueue>(new FakeMailQueue());
        });
        if (isThere)
            await app.Services.GetRequiredService<Migrator>().MigrateAsync(Eventually.DefaultDeadline);
        await app.StartAsync();
        return new ConsoleHost(app, database, port);
    }

    /// <summary>A client that follows no redirects and keeps cookies only where it is told to.</summary>
    public HttpClient Client(CookieContainer? cookies = null) => new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = cookies is not null, CookieContainer = cookies ?? new CookieContainer() })
    {
        BaseAddress = new Uri(Address),
        DefaultRequestHeaders = { { "Accept", "text/html" } },
    };

    public IEnumerable<string> Addresses => Get<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
