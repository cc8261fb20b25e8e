using Consumer.Worker.Alerts;
using Consumer.Worker.Smtp;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Persistence.Alerts;
using Persistence.Failures;
using ServiceDefaults.Database;

namespace Consumer.Worker.Tests.Alerts;

/// <summary>The part of a worker that tells of failures, with a database or without.</summary>
internal static class AlertWorld
{
    public const string Fingerprint = "eaf69a07d15d45a3";

    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static long _offset;

    /// <summary>A post with all that there is to say.</summary>
    public static AlertPost Post { get; } = new(
        new Guid("0198c5a4-1f1e-7d3a-9a53-0d3c3f0a1b2c"),
        new AlertDigest(
            [
                Cause("550 5.1.1 <!here> *no* [such](http://x) user & more", failures: 10, inAll: 10, open: 9),
                Cause("451 4.3.0 Later", failures: 2, inAll: 1234, open: 5) with { IsNew = false },
                Cause("The relay refuses logins: 535 5.7.8 Bad credentials", failures: 0, inAll: 1, open: 0) with { Over = EpisodeEnd.Closed, OverAt = Noon.AddHours(2) },
                Cause("552 5.2.2 Full", failures: 0, inAll: 7, open: 3) with { Over = EpisodeEnd.Quiet, OverAt = Noon.AddHours(3) },
            ],
            OtherCauses: 3, OtherFailures: 17, OtherOver: 1),
        Noon.AddMinutes(5), 1);

    public static AlertCause Cause(string title, long failures, long inAll, long open) => new()
    {
        EpisodeId = new Guid("0198c5a4-0000-7d3a-9a53-0d3c3f0a1b2c"),
        Fingerprint = Fingerprint,
        Title = title,
        IsNew = true,
        Failures = failures,
        FailuresInAll = inAll,
        Open = open,
        FailureId = new Guid("0198c5a4-1111-7d3a-9a53-0d3c3f0a1b2c"),
        Since = Noon,
        Latest = Noon.AddMinutes(4),
    };

    /// <summary>A host that is not started.</summary>
    public static IHost Build(string connectionString, TimeProvider timeProvider, ILoggerProvider? log, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = "Staging" });
        builder.Logging.ClearProviders();
        if (log is not null)
            builder.Logging.AddProvider(log);
        foreach (var (key, value) in settings.Prepend(("Database:ConnectionString", connectionString)))
            builder.Configuration[key] = value;
        builder.Services.AddSingleton(timeProvider).AddSingleton<WorkerMetrics>().AddDatabase().AddSmtp();
        // Of the mail server only what sends: no part of its own asks the database for a pace.
        foreach (var hosted in builder.Services.Where(service => service.ServiceType == typeof(IHostedService)).ToList())
            builder.Services.Remove(hosted);
        builder.Services.AddAlerts();
        return builder.Build();
    }

    /// <summary>Stores a failure, as the projection of a dead letter does.</summary>
    public static async Task<Guid> FailAsync(this IHost host, string message, string exceptionType = "Consumer.Worker.Smtp.PermanentMailException")
    {
        var offset = Interlocked.Increment(ref _offset);
        var projection = await host.Services.GetRequiredService<FailureStore>().ProjectAsync(new DeadLetter
        {
            Topic = "email.send.dlt",
            Partition = 0,
            Offset = offset,
            Timestamp = Noon,
            MailId = Guid.CreateVersion7(),
            Value = [1],
            Headers = [],
            ExceptionType = exceptionType,
            Message = message,
            Attempts = 1,
            OriginalTopic = "email.send",
            OriginalPartition = 0,
            OriginalOffset = offset,
            OriginalTimestamp = Noon,
            IsOwn = true,
            FailedAt = Noon,
        });
        return projection.FailureId;
    }
}
