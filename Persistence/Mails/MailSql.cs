using Npgsql;
using Persistence.Text;
using Persistence.Workers;

namespace Persistence.Mails;

/// <summary>
/// Parts of statements on <c>email.mails</c> that more than one of them needs. The mail's row is <c>m</c>, a given record <c>g</c>, whose
/// columns have the names of the row's.
/// </summary>
internal static class MailSql
{
    private static readonly string[] Columns =
    [
        "message_id_header", "first_topic", "first_partition", "first_offset", "record_timestamp", "content_hash", "key", "subject", "sender", "posted", "tags", "api_key_id",
    ];

    /// <summary>What a row has of its mail's first record.</summary>
    public static readonly string RecordColumns = string.Join(", ", Columns);

    /// <summary>Sets those of them that a row lacks, as one that a cancel or a replay wrote does.</summary>
    /// <param name="record">The record, by the row's names.</param>
    public static string FillRecordColumns(string record) => string.Join(", ", Columns.Select(column => $"{column} = coalesce(m.{column}, {record}.{column})"));

    /// <summary>The records of <see cref="RecordParameters.WithRecords"/>.</summary>
    public const string Records = $"""
        SELECT unnest(@ids) AS id, unnest(@epochs) AS epoch, unnest(@attempts) AS attempt, unnest(@worker_ids) AS worker_id,
            unnest(@message_id_headers) AS message_id_header, unnest(@topics) AS first_topic, unnest(@partitions) AS first_partition,
            unnest(@offsets) AS first_offset, unnest(@timestamps) AS record_timestamp, unnest(@content_hashes) AS content_hash,
            unnest(@keys) AS key, unnest(@subjects) AS subject, unnest(@senders) AS sender,
            unnest(@posted)::jsonb AS posted, unnest(@tags)::jsonb AS tags, unnest(@api_keys) AS api_key_id
        {BatchSql.Few}
        """;

    /// <summary>The recipients of <see cref="RecordParameters.WithRecipients"/>.</summary>
    public const string Recipients = $"SELECT {RecipientColumns} {BatchSql.Few}";

    /// <summary>Adds them as pending to the mails whose ids a table expression has, where they are not there yet.</summary>
    public static string AddPendingRecipients(string mails) => $"""
        INSERT INTO email.mail_recipients (mail_id, address, ordinal, kind, outcome)
        SELECT g.id, g.address, g.ordinal, g.kind, 'pending' FROM {mails}, ({Recipients}) AS g
        ON CONFLICT DO NOTHING
        """;

    /// <summary>Their columns, without a limit, so that others can be added.</summary>
    public const string RecipientColumns =
        "unnest(@recipient_ids) AS id, unnest(@addresses) AS address, unnest(@ordinals) AS ordinal, unnest(@recipient_kinds) AS kind";

    /// <summary>A worker with a live lease has the mail, or had it when the statement began.</summary>
    public const string LiveLease = $"EXISTS (SELECT FROM {WorkerSql.Live} AS w WHERE w.id = m.worker_id)";

    /// <summary>
    /// The worker that was sending the mail has lost its lease. A row that was claimed after the statement began is newer than the
    /// statement's view of <c>workers</c>: the lease cannot be judged and counts as live.
    /// </summary>
    public const string LeaseLapsed = $"m.state = 'sending' AND m.claimed_at <= now() AND NOT {LiveLease}";

    /// <summary>Sets that nothing comes next.</summary>
    public const string NoOutboxEntry =
        "outbox_entry = NULL, outbox_attempt = NULL, outbox_reason = NULL, outbox_at = NULL, published_at = NULL, next_attempt_at = NULL";

    /// <summary>Sets that no hold has the mail.</summary>
    public const string NotHeld = "hold_id = NULL";

    /// <summary>Sets that no record is stored for the time when the mail is due.</summary>
    public const string NoStoredRecord = "stored_key = NULL, stored_value = NULL, stored_headers = NULL";

    /// <summary>
    /// Raises rows to later epochs, as replays do: waiting for their first attempt, with every recipient open
    /// again that has not accepted. Takes no row that has moved in the meantime.
    /// </summary>
    private const string Raise = $"""
        WITH raised AS (
            UPDATE email.mails AS m SET
                epoch = g.epoch, attempt = 0, state = 'queued', {NoOutboxEntry}, {NotHeld}, ended_at = NULL, updated_at = now(),
                unknown_outcomes = m.unknown_outcomes + CASE WHEN m.state = 'sending' THEN 1 ELSE 0 END
            FROM (SELECT unnest(@ids) AS id, unnest(@epochs) AS epoch {BatchSql.Few}) AS g
            WHERE m.id = g.id AND m.epoch < g.epoch AND (m.state IN ('queued', 'scheduled', 'dead') OR m.state = 'held' AND m.outbox_entry = 'schedule' OR {LeaseLapsed})
            RETURNING m.id
        ), reopened AS (
            UPDATE email.mail_recipients AS r SET outcome = 'pending', updated_at = now()
            FROM raised WHERE r.mail_id = raised.id AND r.outcome IN ('rejected', 'deferred')
        )
        SELECT id FROM raised
        """;

    /// <summary>
    /// The recipient <c>r</c> may have got the mail where it was taken over: one that was open when its worker's lease ran out, also where an
    /// earlier attempt was deferred, as it may have been in the middle of DATA. Who leaves a mail to nobody has written what the server said:
    /// there a deferred recipient is just that.
    /// </summary>
    /// <param name="mails">The part that has the mails, with id and taken_over_from.</param>
    public static string IsUnknownWhenTakenOver(string mails) =>
        $"(r.outcome = 'pending' OR r.outcome = 'deferred' AND r.mail_id IN (SELECT id FROM {mails} WHERE taken_over_from <> {WorkerSql.Nobody}))";

    /// <summary>The columns of <see cref="ReadFacts"/>.</summary>
    /// <param name="holder">The text of a <see cref="Holder"/>.</param>
    /// <param name="otherContent">Whether the record at hand has other content than the row's.</param>
    public static string Facts(string holder, string otherContent) =>
        $"m.epoch, m.attempt, m.state, m.outbox_entry, m.published_at IS NOT NULL AS published, {holder} AS holder, {otherContent} AS other_content";

    /// <summary>A record is of another mail than the row: it lies elsewhere than the row's first record, and has another value.</summary>
    /// <param name="record">The record, by the row's names.</param>
    public static string OtherContent(string record) =>
        $"""
        coalesce(m.content_hash <> {record}.content_hash AND (m.first_topic, m.first_partition, m.first_offset)
            IS DISTINCT FROM ({record}.first_topic, {record}.first_partition, {record}.first_offset), false)
        """;

    /// <summary>The row as far as it decides about a claim; null where the mail has none.</summary>
    /// <param name="reader">At a line with the columns of <see cref="Facts"/>.</param>
    public static RowFacts? ReadFacts(this NpgsqlDataReader reader) => reader.Get<int?>("epoch") is not { } epoch ? null : new RowFacts(
        epoch,
        reader.Get<int>("attempt"),
        reader.GetEnum<MailState>("state"),
        EnumText.Parse<OutboxKind>(reader.Get<string?>("outbox_entry")),
        reader.Get<bool>("published"),
        reader.GetEnum<Holder>("holder"),
        reader.Get<bool>("other_content"));

    /// <summary>Raises a mail's row to a later epoch.</summary>
    /// <param name="connection">In its transaction, where it has one.</param>
    /// <param name="mailId">The mail.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it was raised: false where a worker is sending the mail, or where it has moved on.</returns>
    public static async Task<bool> RaiseAsync(this NpgsqlConnection connection, Guid mailId, int epoch, CancellationToken cancellationToken) =>
        (await connection.RaiseAsync([(mailId, epoch)], cancellationToken)).Contains(mailId);

    /// <summary>Raises mails' rows to later epochs; returns those that were.</summary>
    /// <param name="connection">In its transaction, where it has one.</param>
    /// <param name="mails">The mails, each with its epoch.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<IReadOnlySet<Guid>> RaiseAsync(
        this NpgsqlConnection connection, IReadOnlyList<(Guid Id, int Epoch)> mails, CancellationToken cancellationToken)
    {
        var raised = new HashSet<Guid>();
        if (mails.Count == 0)
            return raised;
        await using var command = new NpgsqlCommand(Raise, connection)
            .With("ids", mails.Select(mail => mail.Id).ToArray()).With("epochs", mails.Select(mail => mail.Epoch).ToArray()).With("all", BatchSql.All);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            raised.Add(reader.Get<Guid>("id"));
        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        return raised;
    }
}
