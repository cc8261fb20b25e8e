using System.ComponentModel.DataAnnotations;

namespace Producer.Api.Console;

/// <summary>The section <c>Console</c>.</summary>
public sealed class ConsoleOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Console";

    /// <summary>What stands in <see cref="TraceUrl"/> for the trace's id.</summary>
    public const string TraceId = "{trace_id}";

    /// <summary>Whether <c>/console</c> is there. Default: in <c>Development</c> alone.</summary>
    public bool? Enabled { get; set; }

    /// <summary>
    /// A port of its own for <c>/console</c>, on all addresses, which is then not served on the API's port: an ingress that knows that port
    /// alone never sees it. Default: the API's port.
    /// </summary>
    [Range(1, 65_535, ErrorMessage = "Take a port that nothing else listens on, or leave it out to have the console on the API's port.")]
    public int? Port { get; set; }

    /// <summary>How long somebody stays signed in. Default 12 h. 5 min to 30 days.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "30.00:00:00", ErrorMessage = "A working day suits most.")]
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(12);

    /// <summary>Where traces are looked at, with <c>{trace_id}</c> in it; failures link there. Default: none.</summary>
    public string? TraceUrl { get; set; }

    /// <summary>Whether the console is there.</summary>
    internal bool IsEnabled(IHostEnvironment environment) => Enabled ?? environment.IsDevelopment();

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (TraceUrl is { Length: > 0 } url && !IsTraceUrl(url))
        {
            yield return new ValidationResult($"allowed: an http or https address with {TraceId} in it, such as https://jaeger.example.com/trace/{TraceId}.", [nameof(TraceUrl)]);
        }
    }

    private static bool IsTraceUrl(string url) =>
        url.Contains(TraceId, StringComparison.Ordinal)
        && Uri.TryCreate(url.Replace(TraceId, "0", StringComparison.Ordinal), UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps);
}
