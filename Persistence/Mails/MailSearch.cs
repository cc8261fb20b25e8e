using System.Data;
using System.Text.Json;
using Contracts;
using Contracts.Validation;
using Npgsql;
using NpgsqlTypes;
using Persistence.Text;

namespace Persistence.Mails;

/// <summary>
/// Lists mails, newest first. Every query walks an index: of recipients, senders or tags, or that of times. What no index has (a state,
/// text in the subject) is looked for among <see cref="MostLookedAt"/> mails a page, so that none takes long: a page may be short, and goes
/// on from where it looked last. Throws what Npgsql throws.
/// </summary>
public sealed class MailSearch(NpgsqlDataSource dataSource)
{
    /// <summary>Mails that are looked at for one page.</summary>
    public const int MostLookedAt = 10_000;

    private const string Columns = """
        m.id, m.state, m.outbox_entry, m.sender, m.posted, m.tags, m.subject, m.scheduled_at, m.created_at, m.record_timestamp, m.sent_at, m.ended_at
        """;

    /// <summary>One page.</summary>
    /// <param name="filter">Which mails.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="from">From where; null for the newest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<MailPage> ListAsync(MailFilter filter, int limit, MailPosition? from = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var isBefore = from is { IsBefore: true };
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        // One view of the mails for the page and for how far it looked: what changed in between would be skipped by the next page, or be in both.
        await using var transaction = LooksFurther(filter) ? await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken) : null;
        var found = await ReadAsync(connection, filter, limit + 1, from, cancellationToken);
        MailPosition? next = null;
        if (found.CutTo(limit))
            next = new MailPosition(found[^1].CreatedAt, found[^1].Id, isBefore);
        else if (LooksFurther(filter))
            next = await LastLookedAtAsync(connection, filter, from, cancellationToken);

        if (isBefore)
            found.Reverse();
        return new MailPage(found, next);
    }

    /// <summary>Where a mail stands in the list; null where it has no row.</summary>
    /// <param name="id">The mail.</param>
    /// <param name="apiKeyId">The API key that it must have been accepted under; null where that does not matter.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<MailPosition?> FindPositionAsync(Guid id, Guid? apiKeyId = null, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand("SELECT created_at FROM email.mails WHERE id = @id AND (@api_key_id IS NULL OR api_key_id = @api_key_id)")
            .With("id", id).Nullable("api_key_id", apiKeyId, NpgsqlDbType.Uuid);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new MailPosition(reader.Get<DateTimeOffset>("created_at"), id) : null;
    }

    /// <summary>The whole condition on the row <c>m</c>, for what has all that a filter finds.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="and">A further condition.</param>
    internal static string Where(MailFilter filter, string and) => Where([.. Indexed(filter, from: null), .. Walked(filter), and]);

    /// <summary>Asks for a page.</summary>
    internal static NpgsqlCommand PageCommand(NpgsqlConnection connection, MailFilter filter, int limit, MailPosition? from) =>
        With(new NpgsqlCommand(Page(filter, from), connection), filter, from).With("looked", MostLookedAt).With("limit", limit);

    private static string Page(MailFilter filter, MailPosition? from) => $"""
        SELECT m.*, ARRAY(SELECT r.kind || ':' || r.address FROM email.mail_recipients AS r WHERE r.mail_id = m.id ORDER BY r.ordinal) AS recipients
        FROM ({LookedAt(filter, from, Columns)} LIMIT @looked) AS m
        {Where(Walked(filter))}
        {Order(from)} LIMIT @limit
        """;

    /// <summary>Whether the page looks at mails that it may leave out.</summary>
    private static bool LooksFurther(MailFilter filter) => Walked(filter).Count > 0;

    private static async Task<List<Mail>> ReadAsync(NpgsqlConnection connection, MailFilter filter, int limit, MailPosition? from, CancellationToken cancellationToken)
    {
        await using var command = PageCommand(connection, filter, limit, from);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var mails = new List<Mail>();
        while (await reader.ReadAsync(cancellationToken))
            mails.Add(MailOf(reader));
        return mails;
    }

    private static async Task<MailPosition?> LastLookedAtAsync(NpgsqlConnection connection, MailFilter filter, MailPosition? from, CancellationToken cancellationToken)
    {
        await using var command = With(new NpgsqlCommand($"{LookedAt(filter, from, "m.created_at, m.id")} OFFSET @looked LIMIT 1", connection), filter, from).With("looked", MostLookedAt - 1);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new MailPosition(reader.Get<DateTimeOffset>("created_at"), reader.Get<Guid>("id"), from is { IsBefore: true })
            : null;
    }

    private static string LookedAt(MailFilter filter, MailPosition? from, string columns) =>
        $"SELECT {columns} FROM email.mails AS m {Where(Indexed(filter, from))} {Order(from)}";

    /// <summary>The conditions that an index has.</summary>
    private static List<string> Indexed(MailFilter filter, MailPosition? from)
    {
        var conditions = new List<string>();
        if (filter.Recipient is not null)
            conditions.Add("m.id IN (SELECT r.mail_id FROM email.mail_recipients AS r WHERE lower(r.address) = lower(@recipient))");
        if (filter.Sender is not null)
            conditions.Add("lower(m.sender) = lower(@sender)");
        if (filter.ApiKeyId is not null)
            conditions.Add("m.api_key_id = @api_key_id");
        if (filter.Tag is not null)
            conditions.Add("m.tags @> ANY (@tags)");
        if (OutboxOf(filter.State) is not null)
            conditions.Add("m.outbox_entry = @outbox_entry");
        if (filter.Since is not null)
            conditions.Add("m.created_at >= @since");
        if (filter.Until is not null)
            conditions.Add("m.created_at < @until");
        if (from is not null)
            conditions.Add($"(m.created_at, m.id) {(from.IsBefore ? '>' : '<')} (@at, @id)");
        return conditions;
    }

    /// <summary>The conditions that none has, since what changes when a mail is sent is in no index.</summary>
    private static List<string> Walked(MailFilter filter)
    {
        var conditions = new List<string>();
        if (filter.State is not null)
            conditions.Add("m.state = @state");
        if (filter.Subject is not null)
            conditions.Add("strpos(lower(m.subject), lower(@subject)) > 0");
        return conditions;
    }

    /// <summary>The outbox entry that every mail in a state has, by which an index knows it; held and discarded ones have the same.</summary>
    private static OutboxKind? OutboxOf(MailState? state) => state switch
    {
        MailState.Dead => OutboxKind.DeadLetter,
        MailState.Scheduled => OutboxKind.Schedule,
        _ => null,
    };

    private static string Where(List<string> conditions) => conditions.Count == 0 ? "" : "WHERE " + string.Join(" AND ", conditions);

    private static string Order(MailPosition? from) => from is { IsBefore: true } ? "ORDER BY m.created_at, m.id" : "ORDER BY m.created_at DESC, m.id DESC";

    /// <summary>Adds the filter's parameters.</summary>
    internal static NpgsqlCommand With(NpgsqlCommand command, MailFilter filter, MailPosition? from = null)
    {
        if (filter.Recipient is { } recipient)
            command.With("recipient", recipient);
        if (filter.Sender is { } sender)
            command.With("sender", sender);
        if (filter.ApiKeyId is { } apiKeyId)
            command.With("api_key_id", apiKeyId);
        if (filter.Tag is { } tag)
            command.Nullable("tags", CalledBy(PostgresText.Clean(tag)).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Jsonb);
        if (filter.State is { } state)
            command.With("state", state.ToText());
        if (OutboxOf(filter.State) is { } outboxEntry)
            command.With("outbox_entry", outboxEntry.ToText());
        if (filter.Since is { } since)
            command.With("since", since);
        if (filter.Until is { } until)
            command.With("until", until);
        if (filter.Subject is { } subject)
            command.With("subject", subject);
        return from is null ? command : command.With("at", from.At).With("id", from.Id);
    }

    /// <summary>
    /// What a column of tags contains where one of them is called by a text, as <see cref="MailTag.IsCalled"/> says: the text itself, a name with
    /// whatever value, or a name and a value with any of the text's colons between.
    /// </summary>
    private static IEnumerable<string> CalledBy(string text)
    {
        yield return JsonSerializer.Serialize<MailTag[]>([text], SendEmailJson.Options);
        yield return JsonSerializer.Serialize(new[] { new Dictionary<string, string> { [MailTagFields.Name] = text } }, SendEmailJson.Options);
        // No tag has more, and a text of colons alone would else be asked for as often as it has of them.
        for (var colon = text.IndexOf(':', StringComparison.Ordinal); colon >= 0 && colon <= SendEmailLimits.TagLength; colon = text.IndexOf(':', colon + 1))
        {
            if (text.Length - colon - 1 <= SendEmailLimits.TagLength)
                yield return JsonSerializer.Serialize<MailTag[]>([new MailTag(text[..colon], text[(colon + 1)..])], SendEmailJson.Options);
        }
    }

    private static Mail MailOf(NpgsqlDataReader reader)
    {
        var id = reader.Get<Guid>("id");
        return new Mail
        {
            Id = id,
            State = reader.GetEnum<MailState>("state"),
            OutboxEntry = EnumText.Parse<OutboxKind>(reader.Get<string?>("outbox_entry")),
            Sender = reader.Get<string?>("sender"),
            Posted = reader.Get<string?>("posted"),
            Tags = reader.Get<string?>("tags"),
            Subject = reader.Get<string?>("subject"),
            ScheduledAt = reader.Get<DateTimeOffset?>("scheduled_at"),
            CreatedAt = reader.Get<DateTimeOffset>("created_at"),
            RecordTimestamp = reader.Get<DateTimeOffset?>("record_timestamp"),
            SentAt = reader.Get<DateTimeOffset?>("sent_at"),
            EndedAt = reader.Get<DateTimeOffset?>("ended_at"),
            Recipients = [.. reader.Get<string[]>("recipients").Select((recipient, index) => RecipientOf(id, recipient, index))],
        };
    }

    private static MailRecipient RecipientOf(Guid mailId, string text, int index)
    {
        var end = text.IndexOf(':', StringComparison.Ordinal);
        return new MailRecipient { MailId = mailId, Kind = EnumText.Require<RecipientKind>(text[..end]), Address = text[(end + 1)..], Ordinal = index + 1 };
    }
}
