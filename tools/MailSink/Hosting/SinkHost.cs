using System.Net;
using MailSink.Api;
using MailSink.Pages;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace MailSink.Hosting;

/// <summary>The program: the sink as a hosted service, its page and its API.</summary>
internal static class SinkHost
{
    /// <summary>Runs until it is told to stop; what keeps it from starting is said in one line each, with exit code 1.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            await using var app = Build(args);
            await app.RunAsync();
            return 0;
        }
        catch (OptionsValidationException exception)
        {
            return Fail(exception.Failures);
        }
        catch (SinkStartException exception)
        {
            return Fail([exception.Message]);
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            return Fail([$"{exception.Message} Stop what uses that port, or set Sink:HttpPort (Sink__HttpPort) to another, 0 for any free one."]);
        }
    }

    /// <exception cref="OptionsValidationException">An option is out of its range.</exception>
    public static WebApplication Build(string[] args)
    {
        // The folder of the program, not the one it is started from, in which another program's appsettings.json may stand.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var options = ReadOptions(builder.Configuration);

        builder.Logging
            .AddSimpleConsole(console => console.SingleLine = true)
            .AddFilter("Microsoft", LogLevel.Warning)
            // These say with a stack trace what RunAsync says in a line.
            .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
            .AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.None);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Parse(options.BindAddress), options.HttpPort);
        });
        // Sink:HttpPort alone decides; container images preset these.
        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, "").UseSetting(WebHostDefaults.HttpPortsKey, "");

        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<SmtpSink>();
        builder.Services.AddHostedService<SinkService>();
        builder.Services.AddRazorComponents();
        // Nothing here outlives the program, so no key of it is written to disk.
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        builder.Services.Configure<JsonOptions>(json => ApiJson.Configure(json.SerializerOptions));

        var app = builder.Build();
        app.Use(SecurityHeaders.AddAsync);
        app.Use(BadRequests.ExplainAsync);
        app.MapMailpitApi();
        app.MapSinkApi();
        app.MapPages();
        return app;
    }

    private static SinkOptions ReadOptions(ConfigurationManager configuration)
    {
        SinkOptions options;
        try
        {
            options = configuration.GetSection(SinkOptions.Section).Get<SinkOptions>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new SinkOptions();
        }
        catch (InvalidOperationException exception)
        {
            // A value of the wrong type, or a key that does not exist; the binder's message names it.
            throw new OptionsValidationException(SinkOptions.Section, typeof(SinkOptions), [$"Section {SinkOptions.Section}: {exception.Message}"]);
        }

        SinkOptionsValidator.ThrowIfInvalid(options);
        return options;
    }

    private static int Fail(IEnumerable<string> reasons)
    {
        foreach (var reason in reasons)
            Console.Error.WriteLine($"mail sink: {reason}");
        return 1;
    }
}
