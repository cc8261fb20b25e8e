using Microsoft.Extensions.Logging;

namespace Testing;

/// <summary>A line of the log.</summary>
/// <param name="Level">Its level.</param>
/// <param name="Text">What it says.</param>
/// <param name="HasStack">Whether an exception comes with it.</param>
public sealed record LogLine(LogLevel Level, string Text, bool HasStack);

/// <summary>A log to look at, of all categories.</summary>
public class LogLines : ILoggerProvider, ILogger
{
    private readonly List<LogLine> _lines = [];

    /// <summary>All lines so far.</summary>
    public IReadOnlyList<LogLine> Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    /// <summary>What the lines of a level say.</summary>
    public IReadOnlyList<string> Of(LogLevel level) => [.. Lines.Where(line => line.Level == level).Select(line => line.Text)];

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => this;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => true;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        lock (_lines)
            _lines.Add(new LogLine(logLevel, formatter(state, exception), exception is not null));
    }

    /// <inheritdoc/>
    public void Dispose() => GC.SuppressFinalize(this);
}

/// <inheritdoc cref="LogLines"/>
public sealed class LogLines<TCategory> : LogLines, ILogger<TCategory>;
