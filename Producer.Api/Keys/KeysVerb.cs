using System.Globalization;
using Persistence.Keys;
using Persistence.Schema;
using Persistence.Text;
using ServiceDefaults.Database;
using ServiceDefaults.Start;

namespace Producer.Api.Keys;

/// <summary><c>Producer.Api keys</c>: makes, lists, rotates and revokes API keys in the database, without a running API and without a key.</summary>
internal static class KeysVerb
{
    private const int Done = 0;
    private const int WrongUsage = 2;

    /// <summary>Runs it.</summary>
    /// <param name="args">The arguments after the verb.</param>
    /// <param name="output">Where a secret or the list goes.</param>
    /// <param name="talk">Where all else goes.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter talk)
    {
        try
        {
            var arguments = KeysArguments.Read(args);
            var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = arguments.Configuration, ContentRootPath = AppContext.BaseDirectory });
            builder.Logging.ClearProviders();
            builder.Services.AddDatabase();
            using var host = builder.Build();
            host.Services.ValidateOptions();
            if (await host.Services.GetRequiredService<SchemaCheck>().CompareAsync(default) is { IsUsable: false } difference)
                throw SchemaMismatchException.For(difference);
            await RunAsync(host.Services, arguments, output, talk);
            return Done;
        }
        catch (FormatException exception)
        {
            await talk.WriteLineAsync($"keys: {exception.Message}{Environment.NewLine}{KeysArguments.Usage}");
            return WrongUsage;
        }
    }

    private static async Task RunAsync(IServiceProvider services, KeysArguments arguments, TextWriter output, TextWriter talk)
    {
        var store = services.GetRequiredService<KeyStore>();
        var actor = arguments.Actor ?? $"{Environment.UserName} on {Environment.MachineName}";
        switch (arguments.Action)
        {
            case KeysArguments.Create:
                await CreateAsync(store, arguments, actor, services.GetRequiredService<TimeProvider>(), output, talk);
                break;
            case KeysArguments.List:
                await ListAsync(store, output);
                break;
            case KeysArguments.Rotate:
                await RotateAsync(store, arguments, actor, output, talk);
                break;
            default:
                var revoked = await store.RevokeAsync((await FindAsync(store, arguments.Key)).Id, actor) ?? throw Missing(arguments.Key);
                await talk.WriteLineAsync($"keys: {revoked.Name} ({revoked.Id}) is revoked: every instance refuses it within Api:KeyRefreshInterval");
                break;
        }
    }

    private static async Task CreateAsync(KeyStore store, KeysArguments arguments, string actor, TimeProvider timeProvider, TextWriter output, TextWriter talk)
    {
        var now = timeProvider.GetUtcNow();
        var end = arguments.Expires is { } time && KeyText.Duration(time) is { } lifetime ? (now + lifetime).ToString("O", CultureInfo.InvariantCulture) : arguments.Expires;
        if (!new KeyRequest(arguments.Key, arguments.Scopes, arguments.From, arguments.Rate, end).TryRead(now, out var asked, out var errors))
            throw new FormatException(string.Join("; ", errors));
        var (secret, hash) = KeySecret.Make();
        var key = await store.CreateAsync(asked, hash, actor) ?? throw new FormatException($"there is a key named '{asked.Name}' that is not revoked: take another name, or rotate or revoke that one");
        await talk.WriteLineAsync($"keys: {key.Name} ({key.Id}) is made, with {Words(key)}{DomainsOf(key)}. Its secret is shown this once:");
        await output.WriteLineAsync(secret);
    }

    private static async Task RotateAsync(KeyStore store, KeysArguments arguments, string actor, TextWriter output, TextWriter talk)
    {
        if (!new RotateRequest(arguments.Overlap).TryRead(out var overlap, out var error))
            throw new FormatException(error);
        var (secret, hash) = KeySecret.Make();
        var key = await store.RotateAsync((await FindAsync(store, arguments.Key)).Id, hash, overlap, actor) ?? throw Missing(arguments.Key);
        await talk.WriteLineAsync(key.PreviousUntil is { } until
            ? $"keys: {key.Name} ({key.Id}) has a new secret; the one before ({key.PreviousSecret?.Prefix}…) is valid until {until:u}. The new one is shown this once:"
            : $"keys: {key.Name} ({key.Id}) has a new secret, and the one before is not valid any more. The new one is shown this once:");
        await output.WriteLineAsync(secret);
    }

    private static async Task ListAsync(KeyStore store, TextWriter output)
    {
        await output.WriteLineAsync(Columns("name", "prefix", "scopes", "from", "rate", "last used", "state"));
        foreach (var key in await store.ListAsync())
            await output.WriteLineAsync(Columns(key.Name, key.Secret.Prefix, Words(key), string.Join(',', key.FromDomains), key.Rate ?? "", Time(key.LastUsedAt), StateOf(key)));
    }

    private static string StateOf(ApiKey key) =>
        key.RevokedAt is { } revoked ? $"revoked {Time(revoked)} by {key.RevokedBy}"
        : key.ExpiresAt is { } end ? $"until {Time(end)}"
        : "";

    /// <summary>The key with this id, or else of this name: a key that was once named by another's id is not taken for that one.</summary>
    private static async Task<ApiKey> FindAsync(KeyStore store, string nameOrId)
    {
        var keys = await store.ListAsync();
        var found = (Guid.TryParse(nameOrId, out var id) ? keys.FirstOrDefault(key => key.Id == id) : null) ?? keys.LastOrDefault(key => key.RevokedAt is null && key.Name == nameOrId);
        return found is { RevokedAt: null } ? found : throw Missing(nameOrId);
    }

    private static FormatException Missing(string nameOrId) => new($"there is no key '{nameOrId}' that is not revoked; 'keys list' names them");

    private static string Words(ApiKey key) => string.Join(',', key.Scopes.Select(scope => scope.ToText()));

    private static string DomainsOf(ApiKey key) =>
        key.FromDomains.Count > 0 ? $", from {string.Join(',', key.FromDomains)}" : key.Scopes.Contains(KeyScope.Send) ? ", from any domain" : "";

    private static string Time(DateTimeOffset? time) => time?.ToUniversalTime().ToString("u", CultureInfo.InvariantCulture) ?? "";

    private static string Columns(params string[] cells) =>
        $"{cells[0],-24} {cells[1],-12} {cells[2],-24} {cells[3],-24} {cells[4],-10} {cells[5],-20} {cells[6]}".TrimEnd();
}
