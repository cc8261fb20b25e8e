using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Keys;
using ServiceDefaults.Configuration;

namespace Producer.Api.Security;

/// <summary>The key of <c>Api:Key</c>.</summary>
internal sealed class CallerKey(IOptions<ApiOptions> options, TimeProvider timeProvider) : ConfiguredKey(options.Value.Key, options.Value.KeyFile, timeProvider);

/// <summary>The key of <c>Api:MetricsKey</c>.</summary>
internal sealed class MetricsKey(IOptions<ApiOptions> options, TimeProvider timeProvider) : ConfiguredKey(options.Value.MetricsKey, options.Value.MetricsKeyFile, timeProvider);

/// <summary>A key of the configuration, as it is now: where it comes from a file, that is read again once a second at most. For any thread.</summary>
internal abstract class ConfiguredKey(string? key, string? file, TimeProvider timeProvider)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private volatile Known _known = new(key, timeProvider.GetTimestamp());

    /// <summary>Whether there is one.</summary>
    public bool IsSet => !string.IsNullOrEmpty(Current().Key);

    /// <summary>Whether a hash is SHA-256 of the key; takes the same time for each.</summary>
    public bool HasHash(ReadOnlySpan<byte> hash) => Current() is { Key.Length: > 0 } known && CryptographicOperations.FixedTimeEquals(hash, known.Hash);

    private Known Current()
    {
        var known = _known;
        if (string.IsNullOrEmpty(file) || timeProvider.GetElapsedTime(known.ReadAt) < Interval)
            return known;
        var content = SecretFile.Current(known.Key, file);
        // What a start would refuse does not take the place of a key.
        _known = new Known(ApiOptions.IsKey(content) ? content : known.Key, timeProvider.GetTimestamp());
        return _known;
    }

    private sealed record Known
    {
        public Known(string? key, long readAt)
        {
            (Key, ReadAt, Hash) = (key, readAt, new byte[SHA256.HashSizeInBytes]);
            KeySecret.Hash(key ?? "", Hash);
        }

        public string? Key { get; }

        public long ReadAt { get; }

        public byte[] Hash { get; }
    }
}
