using System.Globalization;

namespace Producer.Api.Console.Hosting;

/// <summary><c>Console:Port</c>: the console on a port of its own, and nowhere else.</summary>
internal static class ConsolePort
{
    private const string Endpoints = "Kestrel:Endpoints";

    /// <summary>Has Kestrel listen on that port beside those that it listens on anyway.</summary>
    public static void Listen(WebApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        var options = configuration.GetSection(ConsoleOptions.Section);
        // Whether the options are valid is checked with them.
        if (!int.TryParse(options[nameof(ConsoleOptions.Port)], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65_535 || !IsEnabled(options, builder.Environment))
            return;

        // Endpoints by name take the place of all addresses: those become endpoints, too.
        var settings = new Dictionary<string, string?> { [$"{Endpoints}:Console:Url"] = $"http://*:{port}" };
        if (!configuration.GetSection(Endpoints).GetChildren().Any())
        {
            foreach (var (index, address) in Addresses(configuration).Index())
                settings[$"{Endpoints}:Api{index}:Url"] = address;
        }

        configuration.AddInMemoryCollection(settings);
        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, "").UseSetting(WebHostDefaults.HttpPortsKey, "").UseSetting(WebHostDefaults.HttpsPortsKey, "");
    }

    private static bool IsEnabled(IConfigurationSection options, IHostEnvironment environment) =>
        bool.TryParse(options[nameof(ConsoleOptions.Enabled)], out var enabled) ? enabled : environment.IsDevelopment();

    // As the host reads them.
    private static IEnumerable<string> Addresses(ConfigurationManager configuration)
    {
        if (configuration[WebHostDefaults.ServerUrlsKey] is { Length: > 0 } urls)
            return Split(urls);
        List<string> addresses =
        [
            .. Split(configuration[WebHostDefaults.HttpPortsKey]).Select(port => $"http://*:{port}"),
            .. Split(configuration[WebHostDefaults.HttpsPortsKey]).Select(port => $"https://*:{port}"),
        ];
        return addresses.Count > 0 ? addresses : ["http://localhost:5000"];
    }

    private static string[] Split(string? list) => list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
