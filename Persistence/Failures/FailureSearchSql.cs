using System.Text;
using Npgsql;
using Persistence.Text;

namespace Persistence.Failures;

/// <summary>A <see cref="FailureFilter"/> in SQL, on the row <c>f</c>.</summary>
internal static class FailureSearchSql
{
    // As the index ix_failures_words has it.
    private const string Words = "to_tsvector('simple', coalesce(f.subject, '') || ' ' || left(f.message, 2000))";

    /// <summary>The columns of a <see cref="FailureSummary"/>.</summary>
    public const string Columns = """
        f.id, f.mail_id, f.conflicts_with, f.epoch, f.status, f.exception_type, f.message, f.fingerprint, f.subject, f.sender, f.recipients[1:@most_recipients] AS recipients,
            cardinality(f.recipients) AS recipient_count, f.reply_codes, f.attempts, f.replay_requested_at, f.replayed_at, f.replayed_as, f.failed_again_as, f.round, f.failed_at
        """;

    /// <summary>The condition, beginning with WHERE; empty where everything is asked for.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="and">A further condition.</param>
    /// <param name="byIndexOfTerms">Whether the planner is not to know the terms: it takes the index of them then, however frequent it believes they are.</param>
    public static string Where(FailureFilter filter, string? and = null, bool byIndexOfTerms = false)
    {
        var conditions = new List<string>();
        if (filter.Statuses.Count > 0)
            conditions.Add("f.status = ANY (@statuses)");
        if (filter.Fingerprint is not null)
            conditions.Add("f.fingerprint = @fingerprint");
        if (filter.MailId is not null)
            conditions.Add("(f.mail_id = @mail_id OR f.replayed_as = @mail_id OR f.conflicts_with = @mail_id)");
        if (filter.ApiKeyId is not null)
            conditions.Add("EXISTS (SELECT FROM email.mails AS m WHERE m.id IN (f.mail_id, f.conflicts_with) AND m.api_key_id = @api_key_id)");
        if (Terms(filter).Any(IsPlain))
            conditions.Add(byIndexOfTerms ? "f.search_terms @> (SELECT @terms)" : "f.search_terms @> @terms");
        if (!Terms(filter).All(IsPlain))
            conditions.Add($"f.search_terms @> ARRAY(SELECT left(CASE WHEN t ~ '^[{Lowered}]:' THEN lower(t) ELSE t END, {FailureTerms.Length}) FROM unnest(@other_terms) AS t)");
        if (filter.Text is not null)
            conditions.Add($"{Words} @@ websearch_to_tsquery('simple', @text)");
        if (filter.Subject is not null)
            conditions.Add($"{Words} @@ websearch_to_tsquery('simple', @subject) AND to_tsvector('simple', coalesce(f.subject, '')) @@ websearch_to_tsquery('simple', @subject)");
        if (filter.FailedAgainOf is not null)
            conditions.Add("f.id IN (SELECT p.failed_again_as FROM email.failures AS p WHERE p.operation_id = @failed_again_of AND p.status = 'failed_again')");
        if (filter.Since is not null)
            conditions.Add("f.failed_at >= @since");
        if (filter.Until is not null)
            conditions.Add("f.failed_at < @until");
        if (and is not null)
            conditions.Add(and);
        return conditions.Count == 0 ? "" : "WHERE " + string.Join(" AND ", conditions);
    }

    /// <summary>Whether a filter has terms, by which the index of them finds it.</summary>
    public static bool HasTerms(FailureFilter filter) => Terms(filter).Any();

    /// <summary>Adds the filter's parameters.</summary>
    public static NpgsqlCommand WithFilter(this NpgsqlCommand command, FailureFilter filter)
    {
        if (filter.Statuses.Count > 0)
            command.With("statuses", filter.Statuses.Select(status => status.ToText()).ToArray());
        if (filter.Fingerprint is { } fingerprint)
            command.With("fingerprint", fingerprint);
        if (filter.MailId is { } mailId)
            command.With("mail_id", mailId);
        if (filter.ApiKeyId is { } apiKeyId)
            command.With("api_key_id", apiKeyId);
        if (Terms(filter).Where(IsPlain).Select(Term).ToArray() is { Length: > 0 } terms)
            command.With("terms", terms);
        if (Terms(filter).Where(term => !IsPlain(term)).ToArray() is { Length: > 0 } otherTerms)
            command.With("other_terms", otherTerms);
        if (filter.Text is { } text)
            command.With("text", text);
        if (filter.Subject is { } subject)
            command.With("subject", subject);
        if (filter.FailedAgainOf is { } operation)
            command.With("failed_again_of", operation);
        if (filter.Since is { } since)
            command.With("since", since);
        if (filter.Until is { } until)
            command.With("until", until);
        return command;
    }

    // Addresses and domains, in whatever case.
    private const string Lowered = "srd";

    /// <summary>
    /// Whether it is known here what the database's <c>lower</c> makes of a term. Given as a value it tells the planner how many failures have it; only
    /// the database knows its rules for other characters.
    /// </summary>
    private static bool IsPlain(string term) => Ascii.IsValid(term);

    private static string Term(string term)
    {
        var lowered = Lowered.Contains(term[0], StringComparison.Ordinal) ? term.ToLowerInvariant() : term;
        return lowered.Length > FailureTerms.Length ? lowered[..FailureTerms.Length] : lowered;
    }

    private static IEnumerable<string> Terms(FailureFilter filter)
    {
        if (filter.Sender is { } sender)
            yield return FailureTerms.SenderPrefix + sender;
        if (filter.Recipient is { } recipient)
            yield return FailureTerms.RecipientPrefix + recipient;
        if (filter.Domain is { } domain)
            yield return FailureTerms.DomainPrefix + domain;
        if (filter.Code is { } code)
            yield return FailureTerms.CodePrefix + code;
        if (filter.ExceptionType is { } type)
            yield return FailureTerms.ExceptionPrefix + type;
        if (filter.Topic is { } topic)
            yield return FailureTerms.TopicPrefix + topic;
        if (filter.Key is { } key)
            yield return FailureTerms.KeyPrefix + key;
        if (filter.Tag is { } tag)
            yield return FailureTerms.Tag(tag);
    }
}
