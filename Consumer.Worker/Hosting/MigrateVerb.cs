using Persistence.Schema;
using ServiceDefaults.Database;
using ServiceDefaults.Start;

namespace Consumer.Worker.Hosting;

/// <summary><c>Consumer.Worker migrate</c>: brings the database to this build's schema and ends.</summary>
internal static class MigrateVerb
{
    // A database that is started beside this command needs its time.
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.Services.AddDatabase();
        using var host = builder.Build();
        host.Services.ValidateOptions();
        using var interruption = new Interruption();
        await host.Services.GetRequiredService<Migrator>().MigrateAsync(Wait, interruption.Token);
    }
}
