using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Persistence.Text;

namespace Persistence.Mails;

internal sealed class MailRecipientConfiguration : IEntityTypeConfiguration<MailRecipient>
{
    public void Configure(EntityTypeBuilder<MailRecipient> builder)
    {
        builder.ToTable("mail_recipients", table =>
        {
            table.HasComment("The recipients of each mail with their outcomes, written after its first attempt (a scheduled mail's at once).");
            table.HasCheckConstraint("ck_mail_recipients_outcome", EnumText.Check<RecipientOutcome>("outcome"));
            table.HasCheckConstraint("ck_mail_recipients_kind", EnumText.Check<RecipientKind>("kind"));
        });
        builder.HasKey(recipient => new { recipient.MailId, recipient.Address });
        // Known to the model alone, without a constraint in the database (the migration leaves it out): it would look up and lock the mail's row
        // for each recipient, once more and for a tenth of all that the database costs. Recipients are written by the statements that hold
        // that row, and removed by those that remove it.
        builder.HasOne<Mail>().WithMany(mail => mail.Recipients)
            .HasForeignKey(recipient => recipient.MailId).OnDelete(DeleteBehavior.Cascade);
        builder.Property(recipient => recipient.MailId).HasComment("The mail (mails.id).");
        builder.Property(recipient => recipient.Address).HasComment("The bare address, as the mail gave it.");
        builder.Property(recipient => recipient.Ordinal).HasComment("Its place among the mail's recipients, from 1.");
        builder.Property(recipient => recipient.Kind).HasConversion(EnumText.Converter<RecipientKind>())
            .HasComment("The field that named it: to, cc or bcc.");
        builder.Property(recipient => recipient.Outcome).HasConversion(EnumText.Converter<RecipientOutcome>())
            .HasComment("pending, accepted (never sent to again), rejected (5xx), deferred (4xx) or unknown (reply lost).");
        builder.Property(recipient => recipient.ReplyCode).HasComment("The server's last SMTP reply code, such as 250 or 451.");
        builder.Property(recipient => recipient.EnhancedCode).HasComment("The server's last enhanced status code, such as 5.1.1.");
        builder.Property(recipient => recipient.ReplyText).HasComment("The text of the server's last reply about this recipient.");
        builder.Property(recipient => recipient.UpdatedAt).HasDefaultValueSql("now()").HasComment("When this row was changed last.");
    }
}
