using System.Text.RegularExpressions;
using Npgsql;

namespace Persistence;

/// <summary>
/// A statement that is run for every mail: the claims and outcomes, for a batch of them (<c>ClaimBatch</c>, <c>OutcomeBatch</c>), and what
/// shares their parameters. Its parameters have names here and numbers for Postgres. Npgsql takes names as well, but parses the whole text
/// for them each time.
/// </summary>
internal sealed partial class Statement
{
    private readonly List<string> _names = [];

    /// <summary>A statement with parameters such as <c>@id</c>.</summary>
    public Statement(string sql) => Text = Name().Replace(sql, match => $"${Number(match.Value[1..])}");

    /// <summary>The statement with parameters such as <c>$1</c>.</summary>
    public string Text { get; }

    /// <summary>A command that runs it.</summary>
    /// <param name="dataSource">Where.</param>
    /// <param name="add">Adds the parameters by name, in whatever order; those that it has no use for are left out.</param>
    /// <exception cref="KeyNotFoundException">One is missing.</exception>
    public NpgsqlCommand Command(NpgsqlDataSource dataSource, Action<NpgsqlCommand> add)
    {
        var command = dataSource.CreateCommand(Text);
        add(command);
        var given = command.Parameters.ToDictionary(parameter => parameter.ParameterName);
        command.Parameters.Clear();
        foreach (var name in _names)
        {
            var parameter = given[name];
            parameter.ParameterName = "";
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private int Number(string name)
    {
        if (!_names.Contains(name))
            _names.Add(name);
        return _names.IndexOf(name) + 1;
    }

    [GeneratedRegex("@[a-z_]+", RegexOptions.NonBacktracking)]
    private static partial Regex Name();
}
