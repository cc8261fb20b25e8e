namespace Consumer.Worker.Smtp.Relays;

/// <summary>By which relay a mail goes.</summary>
/// <param name="First">The relay.</param>
/// <param name="Second">The one while the first is unavailable; null: the mail waits.</param>
internal sealed record RelayRoute(SmtpRelay First, SmtpRelay? Second)
{
    /// <summary>The lane of its mails: they wait together, and nobody with them.</summary>
    public string Name { get; } = Second is null ? First.Name : $"{First.Name}, else {Second.Name}";

    /// <summary>The relay that a mail is to go by now.</summary>
    /// <exception cref="SmtpUnavailableException">There is none.</exception>
    public SmtpRelay Choose() =>
        !First.Circuit.IsOpen ? First
        : Second is { Circuit.IsOpen: false } ? Second
        : throw new SmtpUnavailableException(Text()) { Route = this };

    /// <summary>Completes once one of its relays is available.</summary>
    public Task WhenAvailableAsync(CancellationToken cancellationToken) =>
        (Second is null ? First.Circuit.Closed : Task.WhenAny(First.Circuit.Closed, Second.Circuit.Closed)).WaitAsync(cancellationToken);

    private string Text() => string.Join(" ", new[] { First, Second }.OfType<SmtpRelay>()
        .Select(relay => $"The relay {relay.Name} is unavailable: {relay.Availability.Current?.Reason ?? "a mail has found it so, and no probe yet the contrary."}"));
}
