using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Persistence.Text;

namespace Persistence.Deliveries;

internal sealed class DeliveryRecipientConfiguration : IEntityTypeConfiguration<DeliveryRecipient>
{
    public void Configure(EntityTypeBuilder<DeliveryRecipient> builder)
    {
        builder.ToTable("delivery_recipients", table =>
        {
            table.HasComment("The recipients of each mail and what became of it for each of them, written when its first attempt has ended (a scheduled mail's at once).");
            table.HasCheckConstraint("ck_delivery_recipients_outcome", EnumText.Check<RecipientOutcome>("outcome"));
            table.HasCheckConstraint("ck_delivery_recipients_kind", EnumText.Check<RecipientKind>("kind"));
        });
        builder.HasKey(recipient => new { recipient.DeliveryId, recipient.Address });
        // Known to the model alone, without a constraint in the database (migration LeanBooks): it would look up and lock the mail's row
        // for each recipient, once more and for a tenth of all that the books cost. Recipients are written by the statements that hold
        // that row, and removed by those that remove it.
        builder.HasOne<Delivery>().WithMany(mail => mail.Recipients)
            .HasForeignKey(recipient => recipient.DeliveryId).OnDelete(DeleteBehavior.Cascade);
        builder.Property(recipient => recipient.DeliveryId).HasComment("The mail (deliveries.id).");
        builder.Property(recipient => recipient.Address).HasComment("The bare address, as the mail gave it.");
        builder.Property(recipient => recipient.Ordinal).HasComment("Its place among the mail's recipients, from 1.");
        builder.Property(recipient => recipient.Kind).HasConversion(EnumText.Converter<RecipientKind>())
            .HasComment("The field that named it: to, cc or bcc.");
        builder.Property(recipient => recipient.Outcome).HasConversion(EnumText.Converter<RecipientOutcome>())
            .HasComment("pending, accepted (never sent to again), rejected (5xx), deferred (4xx) or unknown (answer lost).");
        builder.Property(recipient => recipient.ReplyCode).HasComment("The server's last SMTP reply code, such as 250 or 451.");
        builder.Property(recipient => recipient.EnhancedCode).HasComment("The server's last enhanced status code, such as 5.1.1.");
        builder.Property(recipient => recipient.ReplyText).HasComment("The server's last words about this recipient.");
        builder.Property(recipient => recipient.UpdatedAt).HasDefaultValueSql("now()").HasComment("When this row was changed last.");
    }
}
