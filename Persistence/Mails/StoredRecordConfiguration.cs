using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Persistence.Mails;

internal sealed class StoredRecordConfiguration : IEntityTypeConfiguration<StoredRecord>
{
    public void Configure(EntityTypeBuilder<StoredRecord> builder)
    {
        builder.ToTable("mails");
        builder.HasKey(record => record.Id);
        builder.Property(record => record.Id).ValueGeneratedNever().HasComment(MailConfiguration.IdComment);
        // Every mail has these columns, even where all of them are null.
        builder.HasOne<Mail>().WithOne().HasForeignKey<StoredRecord>(record => record.Id).Metadata.IsRequiredDependent = true;
        builder.Property(record => record.Key).HasColumnName("stored_key").HasComment("The key of a scheduled or held mail's record, byte for byte.");
        builder.Property(record => record.Value).HasColumnName("stored_value")
            .HasComment("The value of a scheduled or held mail's record, byte for byte, until the mail is claimed or canceled.");
        builder.Property(record => record.Headers).HasColumnName("stored_headers").HasColumnType("jsonb")
            .HasComment("The headers of the copy that sends a scheduled mail when it is due, or a held one when its hold ends: a list of {name, value} or {name, base64}.");
    }
}
