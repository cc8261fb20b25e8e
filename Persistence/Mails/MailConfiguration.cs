using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Persistence.Text;

namespace Persistence.Mails;

internal sealed class MailConfiguration : IEntityTypeConfiguration<Mail>
{
    /// <summary>Said twice, as two entities share the column.</summary>
    public const string IdComment = "The mail's id: the MessageId header of its records, the id that POST /emails returned.";

    public void Configure(EntityTypeBuilder<Mail> builder)
    {
        builder.ToTable("mails", table =>
        {
            table.HasComment("One row per mail, in exactly one state. A mail without a row is still unread in the topic.");
            table.HasCheckConstraint("ck_mails_state", EnumText.Check<MailState>("state"));
            table.HasCheckConstraint("ck_mails_outbox_entry", EnumText.Check<OutboxKind>("outbox_entry"));
            table.HasCheckConstraint("ck_mails_sending_has_worker", "state <> 'sending' OR (worker_id IS NOT NULL AND claimed_at IS NOT NULL)");
        });
        builder.HasKey(mail => mail.Id);
        builder.Property(mail => mail.Id).ValueGeneratedNever().HasComment(IdComment);
        builder.Property(mail => mail.Epoch)
            .HasComment("From 0, raised by a replay, a cancel and a reschedule; records of an older one are stale.");
        builder.Property(mail => mail.Attempt)
            .HasComment("The last delivery of this epoch that a worker claimed, from 1; 0 after a replay, and while it is scheduled or held before its first, until it is claimed.");
        builder.Property(mail => mail.State).HasConversion(EnumText.Converter<MailState>())
            .HasComment("scheduled, queued, sending, sent, dead, canceled, discarded or held (by a hold, which hold_id names, until that ends; or back from recipients that Smtp:OnlyTo leaves out).");
        builder.Property(mail => mail.Key).HasComment("The Kafka key: the ordering key, or the id. Mails of one key are sent in order.");
        builder.Property(mail => mail.Subject).HasComment("The mail's subject.");
        builder.Property(mail => mail.Sender).HasComment("The address the mail is from.");
        builder.Property(mail => mail.Posted).HasColumnType("jsonb")
            .HasComment("from, to, cc, bcc and reply_to as they were posted, where they say more than sender and mail_recipients do: names, or a reply_to. Null else.");
        builder.Property(mail => mail.Tags).HasColumnType("jsonb").HasComment("The mail's tags, a list of texts and of {name, value}; null where it has none.");
        builder.Property(mail => mail.ApiKeyId)
            .HasComment("The API key that the mail was accepted under (api_keys.id), whose own it is; null where it was none of the stored ones.");
        builder.Property(mail => mail.MessageIdHeader)
            .HasComment("The SMTP Message-ID, the same in every attempt, so that a mail sent twice can be recognized.");
        builder.Property(mail => mail.LastError).HasComment("What went wrong last, or why the mail is held, for people; null where nothing has.");
        builder.Property(mail => mail.UnknownOutcomes).HasDefaultValue(0)
            .HasComment("How often the mail server's reply was lost: it may have taken the mail that often without our knowing.");

        ConfigureOutbox(builder);
        ConfigureClaim(builder);
        ConfigureOrigin(builder);
        ConfigureTimes(builder);

        // No index has what changes when a mail is sent: its row then changes on its own page alone, which has room for that
        // (a heap-only update), and costs Postgres a fifth less. So unfinished mails without an outbox entry are found by reading
        // the table through, as the counts of the ledger are.
        builder.HasStorageParameter("fillfactor", 50);
        // What waits for a redelivery and what is scheduled, by due time; what is dead.
        builder.HasIndex(mail => new { mail.OutboxEntry, mail.NextAttemptAt }).HasDatabaseName("ix_mails_outbox")
            .HasFilter("outbox_entry IS NOT NULL");
        // The lists of what is dead or scheduled: many that were discarded, or are held, have the same entries.
        builder.HasIndex(mail => new { mail.OutboxEntry, mail.CreatedAt, mail.Id }).HasDatabaseName("ix_mails_outbox_created").HasFilter("outbox_entry IS NOT NULL");
        // By sender, by tag and by recipient mails are found by ix_mails_sender, ix_mails_tags and ix_mail_recipients_address, which the model cannot
        // say: of expressions, and of the mails with tags alone.
        // The list of a key's own mails; those that no stored key posted are not in it.
        builder.HasIndex(mail => new { mail.ApiKeyId, mail.CreatedAt }).HasDatabaseName("ix_mails_api_key").HasFilter("api_key_id IS NOT NULL");
        // What a hold has, in the order in which it goes on.
        builder.HasIndex(mail => new { mail.HoldId, mail.CreatedAt }).HasDatabaseName("ix_mails_hold").HasFilter("hold_id IS NOT NULL AND outbox_entry IS NOT NULL");
        // Recent mails, and what the retention job may remove.
        builder.HasIndex(mail => mail.CreatedAt).HasDatabaseName("ix_mails_created");
    }

    private static void ConfigureOutbox(EntityTypeBuilder<Mail> builder)
    {
        builder.Property(mail => mail.OutboxEntry).HasConversion(EnumText.Converter<OutboxKind>())
            .HasComment("What comes after the last attempt: redelivery, dead_letter or schedule (when it is due, or its hold ends); null while it runs or once it was sent.");
        builder.Property(mail => mail.HoldId).HasComment("The hold (holds.id) that has the mail in its row, or that canceled it; null else.");
        builder.Property(mail => mail.OutboxAttempt).HasComment("The attempt that its record carries; null for a dead letter.");
        builder.Property(mail => mail.OutboxReason).HasComment("Why the last attempt did not send the mail; of a mail that a hold has, the hold's reason.");
        builder.Property(mail => mail.OutboxAt).HasComment("When the outbox entry was written, before its record was produced.");
        builder.Property(mail => mail.PublishedAt)
            .HasComment("When the outbox entry's record was acknowledged. Null with an outbox entry: it is produced again when the old record is read again.");
    }

    private static void ConfigureClaim(EntityTypeBuilder<Mail> builder)
    {
        // No foreign key: each claim would lock the worker's row, and the claim itself reads it anyway.
        builder.Property(mail => mail.WorkerId).HasComment("The worker that claimed the mail last (workers.id).");
        builder.Property(mail => mail.TakenOverFrom)
            .HasComment("The worker that the last claim took the mail over from, since its lease had run out while it was sending.");
        builder.Property(mail => mail.FencingToken).HasDefaultValue(0L)
            .HasComment("Grows by one with each claim. A worker with an older token can no longer change the state.");
    }

    private static void ConfigureOrigin(EntityTypeBuilder<Mail> builder)
    {
        builder.Property(mail => mail.FirstTopic).HasComment("The topic of the first record that was claimed.");
        builder.Property(mail => mail.FirstPartition).HasComment("The partition of that record.");
        builder.Property(mail => mail.FirstOffset).HasComment("The offset of that record.");
        builder.Property(mail => mail.RecordTimestamp).HasComment("The Kafka timestamp of that record: when the mail was accepted. Null where none was read: the mail was canceled before.");
        builder.Property(mail => mail.ContentHash)
            .HasComment("SHA-256 of that record's value. Another value under the same id is a conflict, not a copy.");
    }

    private static void ConfigureTimes(EntityTypeBuilder<Mail> builder)
    {
        builder.Property(mail => mail.ScheduledAt).HasComment("When the mail is to be sent; null means at once.");
        builder.Property(mail => mail.CreatedAt).HasDefaultValueSql("now()").HasComment("When this row was written.");
        builder.Property(mail => mail.ClaimedAt).HasComment("When a worker claimed the mail last.");
        builder.Property(mail => mail.NextAttemptAt).HasComment("When the next attempt is due; null where none is.");
        builder.Property(mail => mail.SentAt).HasComment("When the mail server took the mail.");
        builder.Property(mail => mail.EndedAt).HasComment("When the mail ended: sent, dead, canceled, discarded or held (back by Smtp:OnlyTo; what a hold has does not end by it).");
        builder.Property(mail => mail.UpdatedAt).HasDefaultValueSql("now()").HasComment("When this row was changed last.");
    }
}
