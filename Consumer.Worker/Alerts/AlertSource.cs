using Microsoft.Extensions.Options;
using Persistence.Alerts;

namespace Consumer.Worker.Alerts;

/// <summary>Where alerts come from, as they say it.</summary>
internal sealed class AlertSource(IOptions<AlertOptions> options, IHostEnvironment host)
{
    /// <summary>What this system is called.</summary>
    public string Environment => options.Value.Environment is { Length: > 0 } name ? name : host.EnvironmentName;

    /// <summary>A digest in words.</summary>
    public AlertText Text(AlertDigest digest) => AlertText.Of(digest, Environment, options.Value.PublicUrl);

    /// <summary>Where the failures of a cause are listed; null without <see cref="AlertOptions.PublicUrl"/>.</summary>
    public Uri? Link(AlertCause cause) => AlertLinks.Of(options.Value.PublicUrl, cause.Fingerprint);
}
