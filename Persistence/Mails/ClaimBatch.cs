using Npgsql;
using NpgsqlTypes;
using Persistence.Failures;
using Persistence.Holds;
using Persistence.Text;

namespace Persistence.Mails;

/// <summary>A claim that is asked for.</summary>
/// <param name="Record">The record.</param>
/// <param name="WorkerId">Who claims.</param>
/// <param name="Reclaim">The token of a claim of that very worker that is reclaimed, where there is one.</param>
/// <param name="Holds">The number of the last hold that it was compared with; null where the mail is not to be claimed, but held.</param>
internal sealed record ClaimRequest(MailRecord Record, Guid WorkerId, long? Reclaim, long? Holds)
{
    public Guid MailId => Record.Identity.MailId;

    /// <summary>Whether it is a mail's first, as far as the record tells.</summary>
    public bool IsFresh => Record.Identity is { Epoch: 0, Attempt: 1 };
}

/// <summary>A mail that is to be held.</summary>
/// <param name="Claim">The claim that is not made for it.</param>
/// <param name="HoldId">The hold.</param>
/// <param name="Waiting">What sends it once the hold ends.</param>
internal sealed record HoldRequest(ClaimRequest Claim, Guid HoldId, WaitingRecord Waiting);

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

    /// <summary>Holds what a claim could take; null for what it could not, and where the hold is over.</summary>
    public async Task<IReadOnlyList<ClaimResult.Held?>> HoldAsync(IReadOnlyList<HoldRequest> requests)
    {
        var claims = requests.Select(request => request.Claim).ToList();
        await using var command = HoldSql.Hold.Command(dataSource, command => WithRequests(command, claims)
            .WithRecipients(claims.Select(claim => (claim.Record, RecordParameters.RecipientsOf(claim.Record))))
            .With("hold_ids", requests.Select(request => request.HoldId).ToArray())
            .Nullable("stored_keys", requests.Select(request => request.Waiting.Key).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Bytea)
            .Nullable("stored_values", requests.Select(request => request.Waiting.Value).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Bytea)
            .Nullable("stored_headers", requests.Select(request => HeaderJson.Write(request.Waiting.Headers)).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Text));
        await using var reader = await command.ExecuteReaderAsync();
        var held = new HashSet<Guid>();
        while (await reader.ReadAsync())
            held.Add(reader.Get<Guid>("id"));
        await reader.ThrowUnlessCommittedAsync();
        return [.. requests.Select(request => held.Contains(request.Claim.MailId) ? new ClaimResult.Held(request.HoldId) : null)];
    }

    /// <summary>Tells why each was not claimed.</summary>
    public async Task<IReadOnlyList<ClaimRefusal>> ExplainAsync(IReadOnlyList<ClaimRequest> requests)
    {
        await using var command = ClaimSql.Explain.Command(dataSource, command => WithRequests(command, requests));
        await using var reader = await command.ExecuteReaderAsync();
        var refusals = new Dictionary<Guid, ClaimRefusal>();
        var byId = requests.ToDictionary(request => request.MailId);
        while (await reader.ReadAsync())
        {
            var id = reader.Get<Guid>("id");
            refusals.Add(id, Refusal(reader, byId[id]));
        }

        return [.. requests.Select(request => refusals[request.MailId])];
    }

    /// <summary>Writes to a row that never met a record which one it has met; false where it has met one, by now.</summary>
    public async Task<bool> MeetAsync(MailRecord record, CancellationToken cancellationToken)
    {
        await using var command = ClaimSql.Meet.Command(dataSource, command => command
            .WithRecords([record])
            .WithRecipients([(record, RecordParameters.RecipientsOf(record))])
            .With("worker_ids", new[] { Guid.Empty }));
        return await command.ExecuteCommittedScalarAsync(cancellationToken) is true;
    }

    private async Task<Dictionary<Guid, ClaimResult.Claimed>> ClaimFreshAsync(List<ClaimRequest> requests)
    {
        var claims = new Dictionary<Guid, ClaimResult.Claimed>();
        if (requests.Count == 0)
            return claims;
        await using var command = ClaimSql.ClaimFresh.Command(dataSource, command => WithRequests(command, requests));
        try
        {
            var records = requests.ToDictionary(request => request.MailId, request => request.Record);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                var record = records[reader.Get<Guid>("id")];
                claims.Add(record.Identity.MailId, Inserted(record, RecordParameters.RecipientsOf(record)));
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
        var mails = requests.ConvertAll(request => (request.Record, Recipients: RecordParameters.RecipientsOf(request.Record)));
        await using var command = ClaimSql.Claim.Command(dataSource, command => WithRequests(command, requests).WithRecipients(mails));
        await using var reader = await command.ExecuteReaderAsync();
        var claims = new Dictionary<Guid, ClaimResult.Claimed>();
        var byId = mails.ToDictionary(mail => mail.Record.Identity.MailId);
        while (await reader.ReadAsync())
        {
            var (record, recipients) = byId[reader.Get<Guid>("id")];
            claims.Add(record.Identity.MailId, reader.Get<long>("fencing_token") == InsertToken ? Inserted(record, recipients) : Claimed(reader, recipients));
        }
        await reader.ThrowUnlessCommittedAsync();
        return claims;
    }

    private static ClaimResult.Claimed Inserted(MailRecord record, IReadOnlyList<Recipient> recipients) =>
        new(InsertToken, recipients, [], record.Timestamp, PostgresText.Clean(record.MessageIdHeader), null);

    private static ClaimResult.Claimed Claimed(NpgsqlDataReader reader, IReadOnlyList<Recipient> recipients)
    {
        var settled = reader.Get<string[]>("settled");
        return new ClaimResult.Claimed(
            reader.Get<long>("fencing_token"),
            [.. recipients.Where(recipient => !settled.Contains(recipient.Address))],
            reader.Get<string[]>("rejected"),
            reader.Get<DateTimeOffset>("record_timestamp"),
            reader.Get<string>("message_id_header"),
            reader.Get<Guid?>("taken_over_from"));
    }

    private static ClaimRefusal Refusal(NpgsqlDataReader reader, ClaimRequest request)
    {
        var identity = request.Record.Identity;
        if (!reader.Get<bool>("has_lease"))
            return new ClaimRefusal(ClaimDecision.Busy, new ClaimResult.NoLease());
        var facts = reader.ReadFacts();
        var decision = Transitions.Decide(facts, identity.Epoch, identity.Attempt);
        return new ClaimRefusal(decision, decision switch
        {
            ClaimDecision.Busy => new ClaimResult.Busy(
                reader.Get<Guid?>("worker_id") ?? Guid.Empty, reader.Get<long?>("fencing_token") ?? 0, reader.Get<string?>("name") ?? "unknown", reader.Get<DateTimeOffset?>("lease_until") ?? DateTimeOffset.MinValue),
            ClaimDecision.OutboxPending => new ClaimResult.OutboxPending(
                facts!.OutboxEntry!.Value, reader.Get<int?>("outbox_attempt"), reader.Get<DateTimeOffset?>("next_attempt_at"), reader.Get<string?>("outbox_reason") ?? ""),
            ClaimDecision.Stale => new ClaimResult.Stale(facts!.State, facts.Epoch, facts.Attempt, reader.Get<bool>("is_unmet")),
            ClaimDecision.IdempotencyConflict => new ClaimResult.IdempotencyConflict(),
            // Held or not, that is to be looked at anew.
            ClaimDecision.Claim or ClaimDecision.TakeOver when request.Holds is null || request.Holds < reader.Get<long>("holds") => new ClaimResult.HoldsChanged(),
            // The row has changed: it can be claimed after all.
            _ => null,
        });
    }

    private static NpgsqlCommand WithRequests(NpgsqlCommand command, IReadOnlyList<ClaimRequest> requests) => command
        .WithRecords([.. requests.Select(request => request.Record)])
        .With("worker_ids", requests.Select(request => request.WorkerId).ToArray())
        .With("reclaimed", requests.Where(request => request.Reclaim is not null).Select(request => request.MailId).ToArray())
        .With("reclaimed_tokens", requests.Select(request => request.Reclaim).OfType<long>().ToArray())
        // Where one of them was compared with fewer, all go another round.
        .With("holds", requests.Min(request => request.Holds) ?? 0);
}
