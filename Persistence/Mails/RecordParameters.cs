using Npgsql;
using NpgsqlTypes;
using Persistence.Text;

namespace Persistence.Mails;

/// <summary>Records, their recipients and the replies of servers as arrays: one statement for all of them.</summary>
internal static class RecordParameters
{
    private const int TextLength = 1_000;
    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;

    /// <summary>The recipients of a record as the database has them: each address once, where it is named first.</summary>
    public static IReadOnlyList<Recipient> RecipientsOf(MailRecord record) =>
        [.. record.Recipients.Select(recipient => recipient with { Address = PostgresText.Clean(recipient.Address) }).DistinctBy(recipient => recipient.Address)];

    /// <summary>What records are known by.</summary>
    public static NpgsqlCommand WithIdentities(this NpgsqlCommand command, IReadOnlyList<RecordIdentity> identities) => command
        .With("ids", identities.Select(identity => identity.MailId).ToArray())
        .With("epochs", identities.Select(identity => identity.Epoch).ToArray())
        .With("attempts", identities.Select(identity => identity.Attempt).ToArray())
        .With("all", BatchSql.All);

    /// <summary>All of <see cref="MailSql.Records"/> but the workers.</summary>
    public static NpgsqlCommand WithRecords(this NpgsqlCommand command, IReadOnlyList<MailRecord> records) => command
        .WithIdentities([.. records.Select(record => record.Identity)])
        .With("message_id_headers", records.Select(record => PostgresText.Clean(record.MessageIdHeader)).ToArray())
        .With("topics", records.Select(record => record.Topic).ToArray())
        .With("partitions", records.Select(record => record.Partition).ToArray())
        .With("offsets", records.Select(record => record.Offset).ToArray())
        .With("timestamps", records.Select(record => record.Timestamp.ToUniversalTime()).ToArray())
        .With("content_hashes", records.Select(record => record.ContentHash).ToArray())
        .Nullable("keys", records.Select(record => PostgresText.CleanOrNull(record.Key)).ToArray(), Texts)
        .Nullable("subjects", records.Select(record => PostgresText.CleanOrNull(record.Subject)).ToArray(), Texts)
        .With("senders", records.Select(record => PostgresText.Clean(record.Sender)).ToArray())
        .Nullable("posted", records.Select(record => record.Posted).ToArray(), Texts)
        .Nullable("tags", records.Select(record => record.Tags).ToArray(), Texts)
        .With("api_keys", records.Select(record => record.ApiKeyId).ToArray());

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

    /// <summary>All recipients of mails with what the servers replied; pending where they did not.</summary>
    public static NpgsqlCommand WithReplies(this NpgsqlCommand command, IReadOnlyList<OutcomeRequest> outcomes)
    {
        var mails = outcomes.Select(outcome => (outcome.Record, Recipients: RecipientsOf(outcome.Record))).ToList();
        var replies = outcomes.Zip(mails, (outcome, mail) => mail.Recipients.Select(recipient => ReplyOf(outcome, recipient))).SelectMany(of => of).ToList();
        return command
            .WithRecipients(mails)
            .With("outcomes", replies.ConvertAll(reply => (reply?.Outcome ?? RecipientOutcome.Pending).ToText()))
            .With("codes", replies.ConvertAll(reply => reply?.ReplyCode))
            .Nullable("enhanced_codes", replies.ConvertAll(reply => PostgresText.CleanAndCut(reply?.EnhancedCode, TextLength)), Texts)
            .Nullable("texts", replies.ConvertAll(reply => PostgresText.CleanAndCut(reply?.ReplyText, TextLength)), Texts);
    }

    private static RecipientReply? ReplyOf(OutcomeRequest outcome, Recipient recipient) =>
        outcome.Replies.FirstOrDefault(reply => PostgresText.Clean(reply.Address) == recipient.Address);
}
