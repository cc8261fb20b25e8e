using Npgsql;
using NpgsqlTypes;
using Persistence.Text;

namespace Persistence.Deliveries;

/// <summary>The answers of servers as arrays, one statement for all recipients of all mails.</summary>
internal static class RecipientParameters
{
    private const int TextLength = 1_000;
    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;

    public static NpgsqlCommand WithAnswers(this NpgsqlCommand command, IReadOnlyList<OutcomeRequest> outcomes)
    {
        var answers = outcomes.SelectMany(outcome => outcome.Answers).ToList();
        return command
            .With("recipient_ids", outcomes.SelectMany(outcome => outcome.Answers.Select(_ => outcome.Identity.MailId)).ToArray())
            .With("addresses", answers.Select(answer => PostgresText.Clean(answer.Address)).ToArray())
            .With("outcomes", answers.Select(answer => answer.Outcome.ToText()).ToArray())
            .With("codes", answers.Select(answer => answer.ReplyCode).ToArray())
            .Nullable("enhanced_codes", answers.Select(answer => PostgresText.CleanAndCut(answer.EnhancedCode, TextLength)).ToArray(), Texts)
            .Nullable("texts", answers.Select(answer => PostgresText.CleanAndCut(answer.ReplyText, TextLength)).ToArray(), Texts);
    }
}
