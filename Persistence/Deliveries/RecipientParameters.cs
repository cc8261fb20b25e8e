using Npgsql;
using NpgsqlTypes;
using Persistence.Text;

namespace Persistence.Deliveries;

/// <summary>The answers of a server as arrays, one statement for all recipients.</summary>
internal static class RecipientParameters
{
    private const int TextLength = 1_000;

    public static NpgsqlCommand WithAnswers(this NpgsqlCommand command, IReadOnlyCollection<RecipientAnswer> answers) => command
        .With("addresses", answers.Select(answer => PostgresText.Clean(answer.Address)).ToArray())
        .With("outcomes", answers.Select(answer => answer.Outcome.ToText()).ToArray())
        .With("codes", answers.Select(answer => answer.ReplyCode).ToArray())
        .Nullable(
            "enhanced_codes",
            answers.Select(answer => PostgresText.CleanAndCut(answer.EnhancedCode, TextLength)).ToArray(),
            NpgsqlDbType.Array | NpgsqlDbType.Text)
        .Nullable(
            "texts",
            answers.Select(answer => PostgresText.CleanAndCut(answer.ReplyText, TextLength)).ToArray(),
            NpgsqlDbType.Array | NpgsqlDbType.Text);
}
