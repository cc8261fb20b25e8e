using Npgsql;
using NpgsqlTypes;
using Persistence.Text;

namespace Persistence.Mails;

/// <summary>Recipients and the answers of servers as arrays, one statement for all recipients of all mails.</summary>
internal static class RecipientParameters
{
    private const int TextLength = 1_000;
    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;

    /// <summary>The recipients of a record as the database have them: each address once, where it is named first.</summary>
    public static IReadOnlyList<Recipient> Of(MailRecord record) =>
        [.. record.Recipients.Select(recipient => recipient with { Address = PostgresText.Clean(recipient.Address) }).DistinctBy(recipient => recipient.Address)];

    /// <summary>All recipients of records.</summary>
    public static NpgsqlCommand WithRecipients(this NpgsqlCommand command, IEnumerable<(MailRecord Record, IReadOnlyList<Recipient> Recipients)> mails)
    {
        var (ids, addresses, ordinals, kinds) = (new List<Guid>(), new List<string>(), new List<int>(), new List<string>());
        foreach (var (record, recipients) in mails)
        {
            for (var i = 0; i < recipients.Count; i++)
            {
                ids.Add(record.Identity.MailId);
                addresses.Add(recipients[i].Address);
                ordinals.Add(i + 1);
                kinds.Add(recipients[i].Kind.ToText());
            }
        }

        return command.With("recipient_ids", ids).With("addresses", addresses).With("ordinals", ordinals).With("recipient_kinds", kinds);
    }

    /// <summary>All recipients of mails with what the servers said; pending where they said nothing.</summary>
    public static NpgsqlCommand WithAnswers(this NpgsqlCommand command, IReadOnlyList<OutcomeRequest> outcomes)
    {
        var mails = outcomes.Select(outcome => (outcome.Record, Recipients: Of(outcome.Record))).ToList();
        var answers = outcomes.Zip(mails, (outcome, mail) => mail.Recipients.Select(recipient => Answer(outcome, recipient))).SelectMany(of => of).ToList();
        return command
            .WithRecipients(mails)
            .With("outcomes", answers.ConvertAll(answer => (answer?.Outcome ?? RecipientOutcome.Pending).ToText()))
            .With("codes", answers.ConvertAll(answer => answer?.ReplyCode))
            .Nullable("enhanced_codes", answers.ConvertAll(answer => PostgresText.CleanAndCut(answer?.EnhancedCode, TextLength)), Texts)
            .Nullable("texts", answers.ConvertAll(answer => PostgresText.CleanAndCut(answer?.ReplyText, TextLength)), Texts);
    }

    private static RecipientAnswer? Answer(OutcomeRequest outcome, Recipient recipient) =>
        outcome.Answers.FirstOrDefault(answer => PostgresText.Clean(answer.Address) == recipient.Address);
}
