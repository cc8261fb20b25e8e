using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Persistence.Deliveries;

internal sealed class KeptRecordConfiguration : IEntityTypeConfiguration<KeptRecord>
{
    public void Configure(EntityTypeBuilder<KeptRecord> builder)
    {
        builder.ToTable("deliveries");
        builder.HasKey(record => record.Id);
        builder.Property(record => record.Id).ValueGeneratedNever().HasComment(DeliveryConfiguration.IdComment);
        builder.HasOne<Delivery>().WithOne().HasForeignKey<KeptRecord>(record => record.Id);
        builder.Property(record => record.Key).HasColumnName("kept_key").HasComment("The key of a scheduled mail's record, byte for byte.");
        builder.Property(record => record.Value).HasColumnName("kept_value")
            .HasComment("The value of a scheduled mail's record, byte for byte, until the mail is claimed or canceled.");
        builder.Property(record => record.Headers).HasColumnName("kept_headers").HasColumnType("jsonb")
            .HasComment("The headers of the copy that sends a scheduled mail when it is due: a list of {name, value} or {name, base64}.");
    }
}
