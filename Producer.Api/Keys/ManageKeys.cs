using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Keys;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Keys;

/// <summary><c>/keys</c>. This instance knows at once what is changed here.</summary>
internal static class ManageKeys
{
    private const int MaxBytes = 65_536;

    public static async Task<Ok<KeyList>> ListAsync(KeyStore store, CancellationToken cancellationToken) =>
        TypedResults.Ok(new KeyList([.. (await store.ListAsync(cancellationToken)).Select(KeyReport.Of)]));

    public static async Task<Results<Created<KeyWithSecret>, ProblemHttpResult>> CreateAsync(
        HttpContext context, [AsParameters] Actor actor, KeyStore store, KnownKeys keys, TimeProvider timeProvider, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (!actor.TryRead(out var who, out var problem))
            return problem;
        var (request, unread) = await StrictJson.ReadAsync<KeyRequest>(context, MaxBytes, "{\"name\": \"…\", \"scopes\": [\"send\"]}", cancellationToken);
        if (unread is not null)
            return unread;
        if (!(request ?? new KeyRequest(null, null)).TryRead(timeProvider.GetUtcNow(), out var asked, out var errors))
            return ProblemTypes.InvalidRequest.Because($"{string.Join("; ", errors)}.");

        var (secret, hash) = KeySecret.Make();
        if (await store.CreateAsync(asked, hash, who, cancellationToken) is not { } key)
            return ProblemTypes.KeyNameTaken.Because($"There is a key named '{asked.Name}' that is not revoked.");
        loggers.CreateLogger(typeof(ManageKeys)).LogInformation("API key {Key} ({KeyId}) with {Scopes} was made by {Actor}", key.Name, key.Id, key.Scopes, who);
        await keys.TryRefreshAsync(cancellationToken);
        return TypedResults.Created((string?)null, new KeyWithSecret(KeyReport.Of(key), secret));
    }

    public static async Task<Results<Ok<KeyWithSecret>, ProblemHttpResult>> RotateAsync(
        string id, HttpContext context, [AsParameters] Actor actor, KeyStore store, KnownKeys keys, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var keyId))
            return NotFound(id);
        if (!actor.TryRead(out var who, out var problem))
            return problem;
        var (request, unread) = await StrictJson.ReadAsync<RotateRequest>(context, MaxBytes, "{\"overlap\": \"24h\"}", cancellationToken);
        if (unread is not null)
            return unread;
        if (!(request ?? new RotateRequest()).TryRead(out var overlap, out var error))
            return ProblemTypes.InvalidRequest.Because($"{error}.");

        var (secret, hash) = KeySecret.Make();
        if (await store.RotateAsync(keyId, hash, overlap, who, cancellationToken) is not { } key)
        {
            return (await store.ListAsync(cancellationToken)).Any(known => known.Id == keyId)
                ? ProblemTypes.KeyRevoked.Because("Nothing was done: the key is revoked.")
                : NotFound(id);
        }

        loggers.CreateLogger(typeof(ManageKeys)).LogInformation("API key {Key} ({KeyId}) was rotated by {Actor}; the secret before is valid for {Overlap}", key.Name, key.Id, who, overlap);
        await keys.TryRefreshAsync(cancellationToken);
        return TypedResults.Ok(new KeyWithSecret(KeyReport.Of(key), secret));
    }

    public static async Task<Results<Ok<KeyReport>, ProblemHttpResult>> RevokeAsync(
        string id, [AsParameters] Actor actor, KeyStore store, KnownKeys keys, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var keyId))
            return NotFound(id);
        if (!actor.TryRead(out var who, out var problem))
            return problem;
        if (await store.RevokeAsync(keyId, who, cancellationToken) is not { } key)
            return NotFound(id);
        loggers.CreateLogger(typeof(ManageKeys)).LogInformation("API key {Key} ({KeyId}) was revoked by {Actor}", key.Name, key.Id, who);
        await keys.TryRefreshAsync(cancellationToken);
        return TypedResults.Ok(KeyReport.Of(key));
    }

    private static ProblemHttpResult NotFound(string id) => ProblemTypes.KeyNotFound.Because($"There is no key '{Texts.Cut(id, 100)}'. GET /keys lists their ids.");
}
