using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Persistence.Text;

namespace Persistence.Failures;

internal sealed class FailureConfiguration : IEntityTypeConfiguration<Failure>
{
    public const string OnePerDeadLetter = "ux_failures_dead_letter";
    public const string OnePerEpoch = "ux_failures_mail_epoch";
    public const string OnePerOriginal = "ux_failures_original";

    public void Configure(EntityTypeBuilder<Failure> builder)
    {
        builder.ToTable("failures", table =>
        {
            table.HasComment("One row per failed mail and epoch, or per record that could not be read. Can be rebuilt by reading the dead-letter topic again.");
            table.HasCheckConstraint("ck_failures_status", EnumText.Check<FailureStatus>("status"));
        });
        builder.HasKey(failure => failure.Id);
        builder.Property(failure => failure.Id).ValueGeneratedNever().HasComment("The failure's id (UUID version 7, sorts by time).");
        builder.Property(failure => failure.MailId)
            .HasComment("The mail (mails.id, which may have no row). Null where the record does not say, or conflicts with the mail under that id.");
        builder.Property(failure => failure.ConflictsWith)
            .HasComment("The mail (mails.id) whose id the record has without being it: other content under that id, or a dead letter of another group. Null else.");
        builder.Property(failure => failure.Epoch).HasComment("The epoch of the mail that failed.");
        builder.Property(failure => failure.Key).HasComment("The record's key, byte for byte.");
        builder.Property(failure => failure.Value).HasComment("The record's value, byte for byte: convert_from(value, 'UTF8') shows it where it is text.");
        builder.Property(failure => failure.Headers).HasColumnType("jsonb")
            .HasComment("All headers in their order: a list of {name, value}, or {name, base64} where the bytes are not text.");
        builder.Property(failure => failure.ExceptionType).HasComment("The type of the exception that made the mail dead.");
        builder.Property(failure => failure.Message).HasComment("The exception's message.");
        builder.Property(failure => failure.Stack).HasComment("The exception's stack trace, cut at 8,192 characters.");
        builder.Property(failure => failure.Fingerprint)
            .HasComment("The same for failures of one cause: exception type and message without ids, addresses and numbers.");
        builder.Property(failure => failure.Subject).HasComment("The mail's subject, where its record could be read.");
        builder.Property(failure => failure.Sender).HasComment("The address the mail is from, where its record could be read.");
        builder.Property(failure => failure.Recipients).HasDefaultValueSql("'{}'").HasComment("Addresses that had not got the mail, in lower case.");
        builder.Property(failure => failure.Domains).HasDefaultValueSql("'{}'").HasComment("The domains of those addresses.");
        builder.Property(failure => failure.ReplyCodes).HasDefaultValueSql("'{}'").HasComment("Codes of the mail server's replies: 550 5.1.1, or 550 without an enhanced code.");
        builder.Property(failure => failure.SearchTerms).HasDefaultValueSql("'{}'")
            .HasComment("What it is found by: s:sender, r:recipient, d:domain, c:code, x:exception type, o:topic, k:key, t:tag; cut at 512 characters.");
        builder.Property(failure => failure.Attempts).HasComment("How often the mail was delivered in this epoch.");
        builder.Property(failure => failure.Status).HasConversion(EnumText.Converter<FailureStatus>())
            .HasComment("unresolved (waits for a decision), replayed (sent again, outcome open), failed_again (sent again, and dead again), resolved (sent after all, or canceled) or discarded.");
        builder.Property(failure => failure.FailedAt).HasComment("When the mail was given up.");
        builder.Property(failure => failure.UpdatedAt).HasDefaultValueSql("now()").HasComment("When this row was changed last.");

        ConfigurePositions(builder);
        ConfigureReplay(builder);
        ConfigureIndexes(builder);
    }

    private static void ConfigurePositions(EntityTypeBuilder<Failure> builder)
    {
        builder.Property(failure => failure.DltTopic).HasComment("The dead-letter topic.");
        builder.Property(failure => failure.DltPartition).HasComment("The record's partition in the dead-letter topic.");
        builder.Property(failure => failure.DltOffset).HasComment("The record's offset in the dead-letter topic.");
        builder.Property(failure => failure.DltTimestamp)
            .HasComment("The record's Kafka timestamp there: tells a topic that was created again from the old one.");
        builder.Property(failure => failure.OriginalTopic).HasComment("The topic that the record came from.");
        builder.Property(failure => failure.OriginalPartition).HasComment("Its partition there.");
        builder.Property(failure => failure.OriginalOffset).HasComment("Its offset there.");
        builder.Property(failure => failure.OriginalTimestamp).HasComment("Its Kafka timestamp there.");
        builder.Property(failure => failure.OriginalGroup).HasComment("The consumer group that gave it up.");
    }

    private static void ConfigureReplay(EntityTypeBuilder<Failure> builder)
    {
        builder.Property(failure => failure.ReplayRequestedAt).HasComment("When somebody asked to send the mail again.");
        builder.Property(failure => failure.ReplayClaimedAt)
            .HasComment("When a process claimed the replay to produce it; another claims it where it is not published for too long.");
        builder.Property(failure => failure.ReplayEpoch).HasComment("The epoch that the replay's record carries.");
        builder.Property(failure => failure.ReplayedAt)
            .HasComment("When the replay's record was acknowledged. Null after a request: the next sweep produces it.");
        builder.Property(failure => failure.ReplayedAs).HasComment("The mail that it was sent as (mails.id): the same, or a new one.");
        builder.Property(failure => failure.OperationId).HasComment("The operation that replayed it (operations.id); null where nobody did, or by itself.");
        builder.Property(failure => failure.FailedAgainAs).HasComment("The failure of the next round (failures.id), where the replay failed again.");
        builder.Property(failure => failure.Round).HasDefaultValue(1).HasComment("1 for a mail's first failure, one more for each replay that failed again.");
    }

    private static void ConfigureIndexes(EntityTypeBuilder<Failure> builder)
    {
        // Projecting a record twice meets the first.
        builder.HasIndex(failure => new { failure.DltTopic, failure.DltPartition, failure.DltOffset, failure.DltTimestamp })
            .IsUnique().HasDatabaseName(OnePerDeadLetter);
        // One failure per mail and epoch, open or not: a copy that arrives after the replay must not open it again.
        builder.HasIndex(failure => new { failure.MailId, failure.Epoch })
            .IsUnique().HasDatabaseName(OnePerEpoch).HasFilter("mail_id IS NOT NULL");
        // The same for records without a mail, by where they came from.
        builder.HasIndex(failure => new
        {
            failure.OriginalTopic,
            failure.OriginalPartition,
            failure.OriginalOffset,
            failure.OriginalTimestamp,
        })
            .IsUnique().HasDatabaseName(OnePerOriginal).HasFilter("mail_id IS NULL");
        // The list, newest first, page by page.
        builder.HasIndex(failure => new { failure.FailedAt, failure.Id }).HasDatabaseName("ix_failures_failed_at");
        // The list of what waits, and of one cause.
        builder.HasIndex(failure => new { failure.Status, failure.FailedAt, failure.Id }).HasDatabaseName("ix_failures_status");
        builder.HasIndex(failure => new { failure.Fingerprint, failure.FailedAt, failure.Id }).HasDatabaseName("ix_failures_fingerprint").IncludeProperties(failure => failure.Status);
        // What failures are searched by: every exact filter, and any number of them at once. Words are found by ix_failures_words, of an
        // expression, which the model cannot say.
        builder.HasIndex(failure => failure.SearchTerms).HasDatabaseName("ix_failures_search_terms").HasMethod("gin");
        // Whether some failure of a cause still waits, and how many do.
        builder.HasIndex(failure => failure.Fingerprint).HasDatabaseName("ix_failures_open").HasFilter("status IN ('unresolved', 'replayed')");
        // What is shown with a mail beside its own failures.
        builder.HasIndex(failure => failure.ConflictsWith).HasDatabaseName("ix_failures_conflicts_with").HasFilter("conflicts_with IS NOT NULL");
        // A sent mail looks for the failure that it resolves.
        builder.HasIndex(failure => failure.ReplayedAs).HasDatabaseName("ix_failures_replayed_as").HasFilter("replayed_as IS NOT NULL");
        // What came of an operation's replays.
        builder.HasIndex(failure => new { failure.OperationId, failure.Status }).HasDatabaseName("ix_failures_operation").HasFilter("operation_id IS NOT NULL");
        // The sweep of replays whose record may not have been produced.
        builder.HasIndex(failure => failure.ReplayClaimedAt).HasDatabaseName("ix_failures_pending_replays")
            .HasFilter("status = 'unresolved' AND replay_requested_at IS NOT NULL");
    }
}
