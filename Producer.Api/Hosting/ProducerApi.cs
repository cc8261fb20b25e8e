using Producer.Api.Configuration;
using Producer.Api.Console;
using Producer.Api.Emails;
using Producer.Api.Failures;
using Producer.Api.Health;
using Producer.Api.Holds;
using Producer.Api.Keys;
using Producer.Api.Observability;
using Producer.Api.OpenApi;
using Producer.Api.Operations;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;
using Producer.Api.Stats;
using ServiceDefaults;
using ServiceDefaults.Configuration;
using ServiceDefaults.Database;
using ServiceDefaults.Kafka;
using ServiceDefaults.Logging;

namespace Producer.Api.Hosting;

/// <summary>The whole service: what it is made of, and the way of a request through it.</summary>
internal static class ProducerApi
{
    /// <summary>Builds the service.</summary>
    /// <param name="args">The command line, which goes over all other configuration.</param>
    /// <param name="addQueue">Adds the <see cref="IMailQueue"/>: <see cref="KafkaQueue.AddKafkaQueue"/>, or a test's.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder> addQueue)
    {
        // appsettings.json lies beside the program, wherever it is started from.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        AddParts(builder);
        addQueue(builder);
        // Behind the queue, which must have started.
        builder.Services.AddReplaySweep();
        builder.Services.AddOperationRunner();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        // A connection that waits keeps its 4 KB: else each request asks the system once more, whether there is anything to read.
        builder.WebHost.UseSockets(sockets => sockets.WaitForDataBeforeAllocatingBuffer = false);
        var app = builder.Build();
        MapRequests(app);
        return app;
    }

    private static void AddParts(WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton(MailTopics.Of(builder.Configuration));
        services.AddSection<ApiOptions>(ApiOptions.Section);
        services.AddDatabase();
        // First of what starts, so that a wrong schema is met before anything uses it. Without Postgres mails are accepted all the same.
        services.AddSchemaGuard();
        services.AddClusterGuard();

        services.AddApiSecurity();
        services.AddApiDescription();
        services.AddKeys();
        services.AddEmails();
        services.AddFailures();
        services.AddOperations();
        services.AddStats();
        services.AddApiHealth();
        services.AddSingleton<ApiMetrics>();
        builder.AddServiceLogging();
        builder.AddTelemetry(ApiMetrics.MeterName);
        services.BeginCounters(provider => provider.GetRequiredService<ApiMetrics>().Begin());

        // Before the framework's, which asks Accept first: the first writer that can write does.
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();
        services.AddSingleton<ExceptionProblems>();
        builder.AddConsole();
        services.AddExceptionHandler<ExceptionProblems>();
        // Let every unreadable request reach the exception handler, in all environments, for one form of answer.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(options => ApiJson.Configure(options.SerializerOptions));
    }

    private static void MapRequests(WebApplication app)
    {
        app.UseResponseHeaders();
        app.UseConsole();
        app.UseHeadAsGet();
        app.UseExceptionHandler();
        app.UseMiddleware<EmptyErrors>();
        app.UseRouting();
        app.UseMiddleware<ShortWay>();
        app.UseAuthentication();
        app.UseKeyRateLimit();
        app.UseAuthorization();
        app.UseRateLimiter();

        app.MapEmails();
        app.MapFailures();
        app.MapOperations();
        app.MapHolds();
        app.MapStats();
        app.MapKeys();
        app.MapConsole();
        app.MapApiHealth();
        app.MapApiDescription();
        app.MapPrometheusScrapingEndpoint("/metrics").RequireMetricsKey();
    }
}
