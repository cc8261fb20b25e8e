using Persistence.Failures;

namespace Persistence.Mails;

/// <summary>A mail as the API shows it.</summary>
/// <param name="Mail">The mail, with its recipients in their order.</param>
/// <param name="Failures">Its failures, oldest first, also those it was sent as a replay of.</param>
/// <param name="Conflicts">Failures of records with its id that are not it, oldest first.</param>
public sealed record MailView(Mail Mail, IReadOnlyList<FailureSummary> Failures, IReadOnlyList<FailureSummary> Conflicts);
