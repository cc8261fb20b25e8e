using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Persistence.Workers;

internal sealed class WorkerConfiguration : IEntityTypeConfiguration<Worker>
{
    public void Configure(EntityTypeBuilder<Worker> builder)
    {
        builder.ToTable("workers", table => table.HasComment(
            "One row per start of a worker. Its lease protects every mail that it is sending; one heartbeat renews them all."));
        builder.HasKey(worker => worker.Id);
        builder.Property(worker => worker.Id).ValueGeneratedNever().HasComment("New with each start of a worker process.");
        builder.Property(worker => worker.Name).HasComment("Host and process id, as host:pid.");
        builder.Property(worker => worker.StartedAt).HasComment("When the worker started.");
        builder.Property(worker => worker.HeartbeatAt).HasComment("When the worker was heard of last.");
        builder.Property(worker => worker.LeaseUntil)
            .HasComment("Until when its mails in sending are protected, by the clock of Postgres. After that any worker takes them over.");
        builder.Property(worker => worker.PausedSince).HasComment("Since when it sends nothing, as a dependency is unavailable, by its last heartbeat; null while it sends.");
        builder.Property(worker => worker.PausedReason).HasComment("Why it sends nothing.");
        builder.Property(worker => worker.RatePresent).HasComment("Mails that the mail server accepted in the second before the last heartbeat.");
        builder.Property(worker => worker.RateAllowed)
            .HasComment("Mails a second that the worker may send, by Smtp:Rate and by what the mail server says; null where nothing limits them.");
        builder.Property(worker => worker.ThrottledReplies).HasComment("Replies of the mail server that mean slower, since the worker started.");
        builder.Property(worker => worker.ConnectionsAllowed)
            .HasComment("Connections that the mail server allows the worker, at most Smtp:MaxConnections; null for a worker that does not tell its pace.");
        builder.Property(worker => worker.Relays).HasColumnType("jsonb")
            .HasComment("What it tells of each of its relays, a list of {name, rate_present, rate_allowed, throttled_replies, connections_allowed, unavailable_since, unavailable_reason}; null where it has one alone.");
        builder.Property(worker => worker.StoppedAt).HasComment("When it stopped in an orderly way; null while it runs, or if it was killed.");
    }
}
