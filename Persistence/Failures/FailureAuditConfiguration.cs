using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Persistence.Text;

namespace Persistence.Failures;

internal sealed class FailureActionConfiguration : IEntityTypeConfiguration<FailureAction>
{
    public void Configure(EntityTypeBuilder<FailureAction> builder)
    {
        builder.ToTable("failure_actions", table =>
        {
            table.HasComment("What was done about failures: who, when, why, and failure and mail before and after. Rows are never changed.");
            table.HasCheckConstraint("ck_failure_actions_action", EnumText.Check<FailureActionKind>("action"));
        });
        builder.HasKey(action => action.Id);
        builder.Property(action => action.Id).UseIdentityAlwaysColumn().HasComment("Counts up.");
        builder.HasOne<Failure>().WithMany(failure => failure.Actions)
            .HasForeignKey(action => action.FailureId).OnDelete(DeleteBehavior.Cascade);
        builder.Property(action => action.FailureId).HasComment("The failure (failures.id).");
        builder.Property(action => action.At).HasDefaultValueSql("now()").HasComment("When it was done.");
        builder.Property(action => action.Actor).HasComment("Who did it; system for what happens by itself.");
        builder.Property(action => action.Action).HasConversion(EnumText.Converter<FailureActionKind>())
            .HasComment("replay, edit, discard, restore or resolve.");
        builder.Property(action => action.Reason).HasComment("Why, in the words of who did it.");
        builder.Property(action => action.OperationId).HasComment("The operation that it was a part of (operations.id).");
        builder.Property(action => action.Before).HasColumnType("jsonb").HasComment("The failure and its mail before.");
        builder.Property(action => action.After).HasColumnType("jsonb").HasComment("The failure and its mail after.");
        // "What did this person do", newest first.
        builder.HasIndex(action => new { action.Actor, action.At }).HasDatabaseName("ix_failure_actions_actor");
    }
}

internal sealed class FailureCopyConfiguration : IEntityTypeConfiguration<FailureCopy>
{
    public void Configure(EntityTypeBuilder<FailureCopy> builder)
    {
        builder.ToTable("failure_copies", table => table.HasComment(
            "Further records in the dead-letter topic that repeat a failure, as a crash leaves them. They change nothing."));
        builder.HasKey(copy => new { copy.DltTopic, copy.DltPartition, copy.DltOffset, copy.DltTimestamp });
        builder.HasOne<Failure>().WithMany(failure => failure.Copies)
            .HasForeignKey(copy => copy.FailureId).OnDelete(DeleteBehavior.Cascade);
        builder.Property(copy => copy.DltTopic).HasComment("The dead-letter topic.");
        builder.Property(copy => copy.DltPartition).HasComment("The copy's partition there.");
        builder.Property(copy => copy.DltOffset).HasComment("The copy's offset there.");
        builder.Property(copy => copy.DltTimestamp).HasComment("The copy's Kafka timestamp there.");
        builder.Property(copy => copy.FailureId).HasComment("The failure that it repeats (failures.id).");
        builder.Property(copy => copy.SeenAt).HasDefaultValueSql("now()").HasComment("When it was seen.");
    }
}
