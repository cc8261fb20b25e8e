namespace ServiceDefaults.Start;

/// <summary>Ctrl-C, for a command that ends by itself: it is asked to end, and not ended.</summary>
public sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _interrupted = new();

    /// <summary>From here on Ctrl-C interrupts.</summary>
    public Interruption() => Console.CancelKeyPress += OnPressed;

    /// <summary>Canceled by Ctrl-C.</summary>
    public CancellationToken Token => _interrupted.Token;

    /// <inheritdoc />
    public void Dispose()
    {
        Console.CancelKeyPress -= OnPressed;
        _interrupted.Dispose();
    }

    private void OnPressed(object? sender, ConsoleCancelEventArgs pressed)
    {
        pressed.Cancel = true;
        _interrupted.Cancel();
    }
}
