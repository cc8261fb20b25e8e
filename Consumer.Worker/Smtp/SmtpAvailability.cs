namespace Consumer.Worker.Smtp;

/// <summary>What is known of the mail server, from the last connection that was opened or failed: readiness shows it.</summary>
internal sealed class SmtpAvailability(TimeProvider timeProvider)
{
    private volatile Outage? _outage;

    /// <summary>What its connections have told of it.</summary>
    public KnownServer Server { get; } = new(timeProvider);

    /// <summary>Since when and why the server lets nobody in; <c>null</c> where it does.</summary>
    public Outage? Current => _outage;

    /// <summary>Opens a connection and remembers whether that succeeded.</summary>
    public async Task<T> ObserveAsync<T>(Func<Task<T>> open)
    {
        try
        {
            var opened = await open();
            _outage = null;
            return opened;
        }
        catch (SmtpUnavailableException exception)
        {
            _outage = new Outage(_outage?.Since ?? timeProvider.GetUtcNow(), exception.Message);
            throw;
        }
    }

    /// <summary>A time without the mail server.</summary>
    internal sealed record Outage(DateTimeOffset Since, string Reason);
}
