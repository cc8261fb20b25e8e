using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Testing;

/// <summary>
/// Waits for a condition with a deadline, instead of for a duration. Where one fails, the message says what was awaited, and what
/// <c>describe</c> has to say of the moment.
/// </summary>
public static class Eventually
{
    /// <summary>How long a condition may take unless a test says otherwise.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(60);

    /// <summary>How long the last read may take behind the deadline: one that never ends would hang the run.</summary>
    private static readonly TimeSpan Overtime = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Returns when the condition holds.</summary>
    /// <exception cref="TimeoutException">It never did; the message says what was awaited and what the last try threw.</exception>
    public static Task Until(Func<bool> condition, TimeSpan? within, string what, Func<Task<string>>? describe = null) =>
        Until(() => Task.FromResult(condition()), within, what, describe);

    /// <inheritdoc cref="Until(Func{bool}, TimeSpan?, string, Func{Task{string}})"/>
    [OverloadResolutionPriority(1)]
    public static Task Until(Func<Task<bool>> condition, TimeSpan? within, string what, Func<Task<string>>? describe = null) =>
        Value(condition, holds => holds, within, what, describe);

    /// <summary>Returns when what was begun has ended: what an engine or a client never answers fails the test that waits, by name.</summary>
    /// <exception cref="TimeoutException">It has not ended; the message says what was awaited.</exception>
    public static async Task Ends(Task begun, TimeSpan? within, string what)
    {
        var deadline = within ?? DefaultDeadline;
        try
        {
            await begun.WaitAsync(deadline);
        }
        catch (TimeoutException exception) when (!begun.IsCompleted)
        {
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"Not within {deadline.TotalSeconds:0.###} s: {what}"), exception);
        }
    }

    /// <inheritdoc cref="Ends(Task, TimeSpan?, string)"/>
    public static async Task<T> Ends<T>(Task<T> begun, TimeSpan? within, string what)
    {
        await Ends((Task)begun, within, what);
        return await begun;
    }

    /// <summary>Returns the value once the assertion (Shouldly's; NUnit's counts a caught failure) does not throw for it.</summary>
    public static Task<T> Passes<T>(Func<Task<T>> read, Action<T> assert, TimeSpan? within, string what, Func<Task<string>>? describe = null) =>
        Value(
            async () =>
            {
                var value = await read();
                assert(value);
                return value;
            },
            _ => true,
            within,
            what,
            describe);

    /// <summary>Returns the first value that is not null.</summary>
    public static Task<T> NotNull<T>(Func<Task<T?>> read, TimeSpan? within, string what, Func<Task<string>>? describe = null)
        where T : class =>
        Value(read, value => value is not null, within, what, describe)!;

    /// <summary>Returns the first value read that satisfies the predicate.</summary>
    /// <exception cref="TimeoutException">None did; the message says what was awaited, the last value and the last exception.</exception>
    public static Task<T> Value<T>(Func<T> read, Func<T, bool> satisfies, TimeSpan? within, string what, Func<Task<string>>? describe = null) =>
        Value(() => Task.FromResult(read()), satisfies, within, what, describe);

    /// <inheritdoc cref="Value{T}(Func{T}, Func{T, bool}, TimeSpan?, string, Func{Task{string}})"/>
    [OverloadResolutionPriority(1)]
    public static async Task<T> Value<T>(Func<Task<T>> read, Func<T, bool> satisfies, TimeSpan? within, string what, Func<Task<string>>? describe = null)
    {
        var deadline = within ?? DefaultDeadline;
        var watch = Stopwatch.StartNew();
        var pause = FirstPause;
        string last = "nothing was read";
        Exception? cause = null;
        while (true)
        {
            try
            {
                var value = await Ends(read(), watch.Elapsed < deadline ? deadline - watch.Elapsed + Overtime : Overtime, $"an answer, for: {what}");
                cause = null;
                if (satisfies(value))
                    return value;
                last = $"last seen: {value?.ToString() ?? "null"}";
            }
            // Any failure may be one that the next try does not have; the last one is reported with the deadline.
            catch (Exception exception)
            {
                cause = exception;
                last = $"last failure: {exception.GetType().Name}: {exception.Message}";
            }

            if (watch.Elapsed >= deadline)
            {
                var seconds = deadline.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
                throw new TimeoutException($"Not within {seconds} s: {what} ({last}){(describe is null ? "" : $"\n{await describe()}")}", cause);
            }

            await Task.Delay(pause);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }
}
