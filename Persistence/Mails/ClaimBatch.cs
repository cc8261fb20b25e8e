using Npgsql;
using NpgsqlTypes;
using Persistence.Text;

namespace Persistence.Mails;

/// <summary>A claim that is asked for.</summary>
/// <param name="Record">The record.</param>
/// <param name="WorkerId">Who claims.</param>
/// <param name="ReclaimOwn">Whether a claim of that very worker is taken back.</param>
internal sealed record ClaimRequest(MailRecord Record, Guid WorkerId, bool ReclaimOwn)
{
    public Guid MailId => Record.Identity.MailId;

    /// <summary>Whether it is a mail's first, as far as the record tells.</summary>
    public bool IsFresh => Record.Identity is { Epoch: 0, Attempt: 1 };
}

/// <summary>Why a claim was not made, as far as the row tells.</summary>
/// <param name="Decision">What <see cref="Transitions"/> says of the row.</param>
/// <param name="Refusal">What the claiming worker is told; null where it may claim after all.</param>
internal sealed record ClaimRefusal(ClaimDecision Decision, ClaimResult? Refusal);

/// <summary>Runs the statements of <see cref="ClaimSql"/> for mails that differ.</summary>
internal sealed class ClaimBatch(NpgsqlDataSource dataSource)
{
    /// <summary>The token of a claim that has inserted the mail's row.</summary>
    public const long InsertToken = 1;

    /// <summary>Claims what can be claimed; null for what cannot.</summary>
    public async Task<IReadOnlyList<ClaimResult.Claimed?>> ClaimAsync(IReadOnlyList<ClaimRequest> requests)
    {
        var claims = await ClaimFreshAsync([.. requests.Where(request => request.IsFresh)]);
        var others = requests.Where(request => !claims.ContainsKey(request.MailId)).ToList();
        if (others.Count > 0)
        {
            foreach (var (mail, claim) in await ClaimAnyAsync(others))
                claims[mail] = claim;
        }

        return [.. requests.Select(request => claims.GetValueOrDefault(request.MailId))];
    }

    /// <summary>Tells why each was not claimed.</summary>
    public async Task<IReadOnlyList<ClaimRefusal>> ExplainAsync(IReadOnlyList<ClaimRequest> requests)
    {
        await using var command = ClaimSql.Explain.Command(dataSource, command => WithRecords(command, requests));
        await using var reader = await command.ExecuteReaderAsync();
        var refusals = new ClaimRefusal[requests.Count];
        var places = Places(requests);
        while (await reader.ReadAsync())
        {
            var place = places[reader.GetGuid(reader.GetOrdinal("asked"))];
            refusals[place] = Refusal(reader, requests[place].Record.Identity);
        }
        return refusals;
    }

    private async Task<Dictionary<Guid, ClaimResult.Claimed>> ClaimFreshAsync(List<ClaimRequest> requests)
    {
        var claims = new Dictionary<Guid, ClaimResult.Claimed>();
        if (requests.Count == 0)
            return claims;
        await using var command = ClaimSql.ClaimFresh.Command(dataSource, command => WithNewRecords(command, requests));
        try
        {
            var records = requests.ToDictionary(request => request.MailId, request => request.Record);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                var record = records[reader.GetGuid(0)];
                claims.Add(record.Identity.MailId, Inserted(record, RecipientParameters.Of(record)));
            }
            await reader.ThrowUnlessCommittedAsync();
            return claims;
        }
        catch (PostgresException exception) when (PostgresErrors.IsTaken(exception))
        {
            return [];
        }
    }

    private async Task<Dictionary<Guid, ClaimResult.Claimed>> ClaimAnyAsync(List<ClaimRequest> requests)
    {
        var recipients = requests.Select(request => RecipientParameters.Of(request.Record)).ToList();
        await using var command = ClaimSql.Claim.Command(dataSource, command => WithNewRecords(command, requests)
            .With("epochs", requests.Select(request => request.Record.Identity.Epoch).ToArray())
            .With("attempts", requests.Select(request => request.Record.Identity.Attempt).ToArray())
            .WithRecipients(requests.Select(request => request.Record).Zip(recipients)));
        await using var reader = await command.ExecuteReaderAsync();
        var claims = new Dictionary<Guid, ClaimResult.Claimed>();
        var places = Places(requests);
        while (await reader.ReadAsync())
        {
            var place = places[reader.GetGuid(0)];
            claims.Add(requests[place].MailId, reader.GetInt64(1) == InsertToken
                ? Inserted(requests[place].Record, recipients[place])
                : Taken(reader, recipients[place]));
        }
        await reader.ThrowUnlessCommittedAsync();
        return claims;
    }

    private static ClaimResult.Claimed Inserted(MailRecord record, IReadOnlyList<Recipient> recipients) =>
        new(InsertToken, recipients, [], record.Timestamp, PostgresText.Clean(record.MessageIdHeader), null);

    private static ClaimResult.Claimed Taken(NpgsqlDataReader reader, IReadOnlyList<Recipient> recipients)
    {
        var settled = reader.GetFieldValue<string[]>(5);
        return new ClaimResult.Claimed(
            reader.GetInt64(1),
            [.. recipients.Where(recipient => !settled.Contains(recipient.Address))],
            reader.GetFieldValue<string[]>(6),
            reader.GetFieldValue<DateTimeOffset>(4),
            reader.GetString(3),
            reader.IsDBNull(2) ? null : reader.GetGuid(2));
    }

    private static ClaimRefusal Refusal(NpgsqlDataReader reader, RecordIdentity identity)
    {
        if (!reader.GetBoolean(reader.GetOrdinal("has_lease")))
            return new ClaimRefusal(ClaimDecision.Busy, new ClaimResult.NoLease());
        var row = ClaimRow.Read(reader);
        var decision = Transitions.Decide(row?.Facts, identity.Epoch, identity.Attempt);
        return new ClaimRefusal(decision, row?.Refusal(decision));
    }

    private static NpgsqlCommand WithNewRecords(NpgsqlCommand command, IReadOnlyList<ClaimRequest> requests) => WithRecords(command, requests)
        .With("message_id_headers", requests.Select(request => PostgresText.Clean(request.Record.MessageIdHeader)).ToArray())
        .With("timestamps", requests.Select(request => request.Record.Timestamp.ToUniversalTime()).ToArray())
        .With("accepted_ats", requests.Select(request => request.Record.AcceptedAt?.ToUniversalTime()).ToArray())
        .Nullable("keys", requests.Select(request => Clean(request.Record.Key)).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Text)
        .Nullable("subjects", requests.Select(request => Clean(request.Record.Subject)).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Text)
        .With("senders", requests.Select(request => PostgresText.Clean(request.Record.Sender)).ToArray());

    private static NpgsqlCommand WithRecords(NpgsqlCommand command, IReadOnlyList<ClaimRequest> requests) => command
        .With("ids", requests.Select(request => request.MailId).ToArray())
        .With("worker_ids", requests.Select(request => request.WorkerId).ToArray())
        .With("reclaimed", requests.Where(request => request.ReclaimOwn).Select(request => request.MailId).ToArray())
        .With("topics", requests.Select(request => request.Record.Topic).ToArray())
        .With("partitions", requests.Select(request => request.Record.Partition).ToArray())
        .With("offsets", requests.Select(request => request.Record.Offset).ToArray())
        .With("content_hashes", requests.Select(request => request.Record.ContentHash).ToArray())
        .With("all", BatchSql.All);

    private static Dictionary<Guid, int> Places(IReadOnlyList<ClaimRequest> requests) =>
        requests.Select((request, place) => (request.MailId, place)).ToDictionary(pair => pair.MailId, pair => pair.place);

    private static string? Clean(string? text) => text is null ? null : PostgresText.Clean(text);
}
