using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Persistence.Text;

/// <summary>Enum values as the snake_case words that Postgres stores: <c>DeadLetter</c> is <c>dead_letter</c>.</summary>
public static class EnumText
{
    /// <summary>The word that stands for a value in the database, in the API and in the logs.</summary>
    public static string ToText<TEnum>(this TEnum value) where TEnum : struct, Enum => Words<TEnum>.ByValue[value];

    /// <summary>The value that a word stands for, or null where there is none.</summary>
    public static TEnum? Parse<TEnum>(string? text) where TEnum : struct, Enum =>
        text is not null && Words<TEnum>.ByText.TryGetValue(text, out var value) ? value : null;

    /// <summary>All words of an enum, in the order of its values.</summary>
    public static IReadOnlyList<string> All<TEnum>() where TEnum : struct, Enum => Words<TEnum>.InOrder;

    /// <summary>The body of a CHECK constraint that lets a column hold nothing but the words of an enum.</summary>
    internal static string Check<TEnum>(string column) where TEnum : struct, Enum =>
        $"{column} IN ({string.Join(", ", All<TEnum>().Select(word => $"'{word}'"))})";

    internal static ValueConverter<TEnum, string> Converter<TEnum>() where TEnum : struct, Enum =>
        new(value => value.ToText(), text => Require<TEnum>(text));

    internal static TEnum Require<TEnum>(string text) where TEnum : struct, Enum =>
        Parse<TEnum>(text) ?? throw new FormatException(
            $"'{text}' is not a valid {typeof(TEnum).Name}; valid are {string.Join(", ", All<TEnum>())}. Does another version of the schema run?");

    private static class Words<TEnum> where TEnum : struct, Enum
    {
        public static readonly FrozenDictionary<TEnum, string> ByValue = Enum.GetValues<TEnum>()
            .ToFrozenDictionary(value => value, value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));

        public static readonly FrozenDictionary<string, TEnum> ByText = ByValue
            .ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

        public static readonly IReadOnlyList<string> InOrder = [.. Enum.GetValues<TEnum>().Select(value => ByValue[value])];
    }
}
