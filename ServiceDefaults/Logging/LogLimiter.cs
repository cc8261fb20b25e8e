using Microsoft.Extensions.Logging;

namespace ServiceDefaults.Logging;

/// <summary>
/// Keeps a flood out of the log: of each cause so many lines are written in an interval; the others are counted, and told in one line at its
/// end. For any thread.
/// </summary>
/// <param name="timeProvider">The clock of the intervals.</param>
public sealed class LogLimiter(TimeProvider timeProvider)
{
    /// <summary>How long lines of one cause are counted together.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>How many of them are written.</summary>
    public const int Lines = 5;

    /// <summary>How many causes are told apart at a time; further ones are one.</summary>
    private const int MostCauses = 1_000;

    private const string Other = "other causes";

    private readonly TimeProvider _timeProvider = timeProvider;
    private readonly Dictionary<(string Category, string Cause), Window> _windows = [];
    private readonly Lock _lock = new();

    /// <summary>Counts a line.</summary>
    /// <param name="logger">Where the line goes, and the sum of those that are left out.</param>
    /// <param name="level">The level of both.</param>
    /// <param name="category">What the lines are about, such as "dead letters": the sum's subject.</param>
    /// <param name="cause">What makes lines the same: a reply code, a type of exception, nothing that is different each time.</param>
    /// <returns>Whether it is to be written.</returns>
    public bool Allows(ILogger logger, LogLevel level, string category, string cause)
    {
        ArgumentNullException.ThrowIfNull(logger);
        if (!logger.IsEnabled(level))
            return false;
        lock (_lock)
        {
            if (!_windows.TryGetValue((category, cause), out var window))
            {
                if (_windows.Count >= MostCauses && cause != Other)
                    cause = Other;
                if (!_windows.TryGetValue((category, cause), out window))
                    _windows[(category, cause)] = window = new Window(this, logger, level, category, cause);
            }

            return ++window.Count <= Lines;
        }
    }

    private void End(Window window)
    {
        lock (_lock)
            _windows.Remove((window.Category, window.Cause));
        window.Timer.Dispose();
        if (window.Count > Lines)
            window.Logger.Log(window.Level, "{Count} more {Category} in {Interval}: {Cause}", window.Count - Lines, window.Category, Interval, window.Cause);
    }

    private sealed class Window
    {
        public Window(LogLimiter limiter, ILogger logger, LogLevel level, string category, string cause)
        {
            (Logger, Level, Category, Cause) = (logger, level, category, cause);
            Timer = limiter._timeProvider.CreateTimer(_ => limiter.End(this), null, Interval, Timeout.InfiniteTimeSpan);
        }

        public ILogger Logger { get; }

        public LogLevel Level { get; }

        public string Category { get; }

        public string Cause { get; }

        public ITimer Timer { get; }

        public int Count { get; set; }
    }
}
