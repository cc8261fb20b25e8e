namespace Consumer.Worker.Alerts;

/// <summary>Addresses of the API as people reach it. Pure.</summary>
internal static class AlertLinks
{
    /// <summary>An http or https address; null where the text is none.</summary>
    public static Uri? Read(string? text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "https" or "http" ? url : null;

    /// <summary>An address below another one, whether or not that ends in a slash.</summary>
    public static Uri Below(Uri address, string path) => new($"{address.AbsoluteUri.TrimEnd('/')}/{path}");

    /// <summary>Where the failures of a cause that wait are listed; null without <see cref="AlertOptions.PublicUrl"/>.</summary>
    public static Uri? Of(string? publicUrl, string fingerprint) =>
        Read(publicUrl) is { } url ? Below(url, $"failures?status=unresolved&fingerprint={Uri.EscapeDataString(fingerprint)}") : null;
}
