using System.Globalization;
using Persistence.Holds;

namespace Producer.Api.Console.Parts;

/// <summary>Numbers, ids and lengths of time as people read them.</summary>
public static class Words
{
    /// <summary>The last part of an id, which tells two of the same minute apart.</summary>
    /// <param name="id">The id.</param>
    public static string EndOf(Guid id) => $"…{id.ToString()[^8..]}";

    /// <summary>A state's word as people say it: the API's, without its underscores, and <c>open</c> for what waits for a decision.</summary>
    /// <param name="word">The word of the API.</param>
    public static string Plain(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        return word == "unresolved" ? "open" : word.Replace('_', ' ');
    }

    /// <summary>A type without its namespaces.</summary>
    /// <param name="type">Its full name.</param>
    public static string ShortType(string type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type[(type.LastIndexOfAny(['.', '+']) + 1)..];
    }

    /// <summary>Which mails a hold is on.</summary>
    /// <param name="scope">Its scope.</param>
    /// <param name="value">Which of that scope.</param>
    public static string Held(HoldScope scope, string? value) => scope switch
    {
        HoldScope.All => "All mails",
        HoldScope.Stream => $"The stream {value}",
        HoldScope.Sender => $"From {value}",
        HoldScope.Domain => $"To {value}",
        HoldScope.Tag => $"Tagged {value}",
        _ => $"Subject begins with “{value}”",
    };

    /// <summary>A whole number, with its thousands apart.</summary>
    /// <param name="number">The number.</param>
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A rate, with a digit behind the point where it is small.</summary>
    /// <param name="rate">The rate.</param>
    public static string Rate(double rate) => rate.ToString(rate is > 0 and < 10 ? "0.0" : "N0", CultureInfo.InvariantCulture);

    /// <summary>A length of time, in its largest two units.</summary>
    /// <param name="time">The time.</param>
    public static string Length(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => "less than a second",
        { TotalMinutes: < 1 } => $"{time.Seconds} s",
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds} s",
        { TotalDays: < 1 } => $"{time.Hours} h {time.Minutes} min",
        _ => $"{time.Days} d {time.Hours} h",
    };

    /// <summary>So many of something.</summary>
    /// <param name="count">How many.</param>
    /// <param name="one">The word for one.</param>
    /// <param name="many">The word for several; null: with an s behind it.</param>
    public static string Count(long count, string one, string? many = null) => $"{Number(count)} {(count == 1 ? one : many ?? one + "s")}";
}
