using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Console;

namespace ServiceDefaults.Logging;

/// <summary>What a service writes to its log unless its configuration says otherwise.</summary>
public static class ServiceLogging
{
    /// <summary>
    /// A line of JSON an event, with UTC time and scopes (trace and span among them); in Development a line of text. Every setting is one of
    /// section <c>Logging</c>, which files, environment and command line override:
    /// https://learn.microsoft.com/dotnet/core/extensions/logging
    /// </summary>
    /// <param name="builder">The service.</param>
    public static void AddServiceLogging(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var defaults = new Dictionary<string, string?>(builder.Environment.IsDevelopment() ? Text : Json);
        foreach (var (category, level) in Levels)
            defaults[$"Logging:LogLevel:{category}"] = level;
        // First, and so behind every other source.
        ((IConfigurationBuilder)builder.Configuration).Sources.Insert(0, new MemoryConfigurationSource { InitialData = defaults });

        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<LogLimiter>();
        builder.Services.AddSingleton<IHealthCheckPublisher, HealthLog>();
        builder.Services.Configure<HealthCheckPublisherOptions>(options => options.Period = HealthLog.Interval);
    }

    private static readonly Dictionary<string, string> Levels = new(StringComparer.Ordinal)
    {
        ["Default"] = "Information",
        ["Microsoft.AspNetCore"] = "Warning",
        // What Postgres refuses is told by whoever asked it.
        ["Microsoft.EntityFrameworkCore"] = "None",
        // A stack for each refused mail and each retry; what becomes of a mail is told in one line where it is decided.
        ["MassTransit.ReceiveTransport"] = "None",
        // An error for each look of each balancer at a service that is not ready; HealthLog tells of changes.
        ["Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
    };

    private static readonly Dictionary<string, string?> Json = new(StringComparer.Ordinal)
    {
        ["Logging:Console:FormatterName"] = ConsoleFormatterNames.Json,
        ["Logging:Console:FormatterOptions:IncludeScopes"] = bool.TrueString,
        ["Logging:Console:FormatterOptions:TimestampFormat"] = "yyyy-MM-ddTHH:mm:ss.fffZ",
        ["Logging:Console:FormatterOptions:UseUtcTimestamp"] = bool.TrueString,
    };

    private static readonly Dictionary<string, string?> Text = new(StringComparer.Ordinal)
    {
        ["Logging:Console:FormatterName"] = ConsoleFormatterNames.Simple,
        ["Logging:Console:FormatterOptions:SingleLine"] = bool.TrueString,
        ["Logging:Console:FormatterOptions:TimestampFormat"] = "HH:mm:ss ",
    };
}
