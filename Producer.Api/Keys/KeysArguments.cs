namespace Producer.Api.Keys;

/// <summary>What stands behind <c>Producer.Api keys</c>.</summary>
/// <param name="Action"><c>create</c>, <c>list</c>, <c>rotate</c> or <c>revoke</c>.</param>
/// <param name="Key">The name of the key that is made; of one that is there its name or id. Empty for a list.</param>
/// <param name="Configuration">What remains: settings, as <c>--Database:ConnectionString=…</c>.</param>
internal sealed record KeysArguments(string Action, string Key, string[] Configuration)
{
    public const string Create = "create";
    public const string List = "list";
    public const string Rotate = "rotate";
    public const string Revoke = "revoke";

    public const string Usage = """
        usage: Producer.Api keys create NAME --scopes=send,read,operate,admin [--from=DOMAIN,...] [--rate=10/s] [--expires=TIME|30d]
               Producer.Api keys list
               Producer.Api keys rotate NAME|ID [--overlap=24h]
               Producer.Api keys revoke NAME|ID
          --scopes   what the key may do
          --from     the domains that its mails may be from; all by default
          --rate     how many requests each instance of the API takes of it: 10/s, 600/m, 10000/h; any number by default
          --expires  when it ends by itself: RFC 3339 with an offset, or a time from now
          --overlap  how long the secret of before stays valid: 90s, 15m, 24h, 7d; 24h by default, 0s ends it at once
          --actor    who does it, for the record; the system's user by default
          and settings, as --SECTION:KEY=VALUE
        The secret is printed alone on standard output, this once.
        ends with 0; 1: Postgres does not respond, or its schema is another; 2: wrong usage, or no such key
        """;

    /// <summary>What the key may do.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>The domains that its mails may be from.</summary>
    public IReadOnlyList<string> From { get; init; } = [];

    /// <summary>Its rate.</summary>
    public string? Rate { get; init; }

    /// <summary>When it ends.</summary>
    public string? Expires { get; init; }

    /// <summary>How long the secret of before stays valid.</summary>
    public string? Overlap { get; init; }

    /// <summary>Who does it.</summary>
    public string? Actor { get; init; }

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="FormatException">One is not known, or missing.</exception>
    public static KeysArguments Read(string[] args)
    {
        if (args is not [Create or List or Rotate or Revoke, ..])
            throw new FormatException("create, list, rotate or revoke is expected");
        var named = args[0] != List;
        if (named && args is not [_, [not '-', ..], ..])
            throw new FormatException($"'{args[0]}' needs the key's name");

        var read = new KeysArguments(args[0], named ? args[1] : "", []);
        foreach (var arg in args[(named ? 2 : 1)..])
        {
            read = (read.Action, arg.Split('=', 2)) switch
            {
                // What a script left empty must not mean: of all domains, or without an end.
                (_, [var name, ""]) when !name.Contains(':', StringComparison.Ordinal) => throw new FormatException($"'{name}' is given without a value"),
                (Create, ["--scopes", var scopes]) => read with { Scopes = Split("--scopes", scopes) },
                (Create, ["--from", var domains]) => read with { From = Split("--from", domains) },
                (Create, ["--rate", var rate]) => read with { Rate = rate },
                (Create, ["--expires", var time]) => read with { Expires = time },
                (Rotate, ["--overlap", var time]) => read with { Overlap = time },
                (not List, ["--actor", var actor]) => read with { Actor = NameOf(actor.Trim()) },
                (_, [var name, _]) when name.StartsWith("--", StringComparison.Ordinal) && name.Contains(':', StringComparison.Ordinal) =>
                    read with { Configuration = [.. read.Configuration, arg] },
                _ => throw new FormatException($"'{arg}' is not known here"),
            };
        }

        return read;
    }

    private static string[] Split(string option, string list) =>
        list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } items ? items : throw new FormatException($"'{option}' is given without a value");

    private static string NameOf(string actor) => Security.Actor.IsName(actor)
        ? actor
        : throw new FormatException($"'--actor' is 1 to {Security.Actor.MaxLength} characters, none of them a control character or one that turns the direction of writing");
}
