using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using ServiceDefaults.Configuration;

namespace Producer.Api.Security;

/// <summary>The key that callers present, as it is now: where it comes from a file, that is read again once a second at most. For any thread.</summary>
internal sealed class CallerKey(IOptions<ApiOptions> options, TimeProvider timeProvider)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private volatile Known _known = new(options.Value.Key, timeProvider.GetTimestamp());

    /// <summary>The key; null or empty where everybody is let in.</summary>
    public string? Value
    {
        get
        {
            var known = _known;
            if (string.IsNullOrEmpty(options.Value.KeyFile) || timeProvider.GetElapsedTime(known.ReadAt) < Interval)
                return known.Key;
            var key = SecretFile.Current(known.Key, options.Value.KeyFile);
            // What a start would refuse does not take the place of a key.
            _known = new Known(ApiOptions.IsKey(key) ? key : known.Key, timeProvider.GetTimestamp());
            return _known.Key;
        }
    }

    private sealed record Known(string? Key, long ReadAt);
}
