using System.Globalization;
using Contracts;
using MailSink.Rules;
using Messaging.Kafka.Delay;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>What a step is done to: a mail, the worker that has it, and what stops it.</summary>
internal sealed record KillScene(MailWorld World, DatabaseStops Stops, ChildProcess Worker, PostedMail Mail);

/// <summary>A moment in a mail's way at which the worker is killed, and what exactly must have become of the mail at the end.</summary>
/// <param name="Name">The moment.</param>
/// <param name="Mail">The mail that is brought there.</param>
/// <param name="Prepare">Sets the stop, before the mail is posted.</param>
/// <param name="Kill">Waits for the moment, and kills; gives the mail that it was done to, which may be a later one.</param>
internal sealed record KillStep(string Name, Func<PostedMail> Mail, Func<KillScene, Task> Prepare, Func<KillScene, Task<PostedMail>> Kill)
{
    /// <summary>How often the server has the mail.</summary>
    public int Stored { get; init; } = 1;

    /// <summary>Where the kill may come before or after the content has left the worker.</summary>
    public int? MostStored { get; init; }

    /// <summary>How many outcomes are unknown.</summary>
    public int Unknown { get; init; }

    /// <summary>Its last attempt.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>How many records of it were written to the delay topics.</summary>
    public int Delayed { get; init; }

    /// <summary>How many records of it came back from there.</summary>
    public int Forwarded { get; init; }

    /// <summary>How many dead letters of it there are.</summary>
    public int DeadLetters { get; init; }

    /// <summary>
    /// How many there are at most, where that is not one number: a dead letter that is not published is produced again, unless
    /// the projector, which publishes it too, comes to it first.
    /// </summary>
    public int? MostDeadLetters { get; init; }

    /// <summary>The workers' own options.</summary>
    public string[] Options { get; init; } = [];

    public override string ToString() => Name;

    /// <summary>Every step of the issue, in the order of a mail's way.</summary>
    public static IEnumerable<KillStep> All =>
    [
        Before(Write.Claim, "before the claim", PostedMail.Plain),
        After(Write.Claim, "after the claim", PostedMail.Plain) with { Unknown = 1 },
        AtReply(SmtpStage.Data, "in DATA") with { Unknown = 1, Options = ["--Smtp:Chunking=false"] },
        AtReply(SmtpStage.Data, "in BDAT, which the server reads on later") with { Unknown = 1, Stored = 1, MostStored = 2 },
        AtReply(SmtpStage.EndOfData, "after the server took the mail, before its 250") with { Unknown = 1, Stored = 2 },
        Before(Write.Sent, "after 250, before the commit", PostedMail.Plain) with { Unknown = 1, Stored = 2 },
        After(Write.Sent, "sent is written, before the offset's commit", PostedMail.Plain),

        Before(Write.OutboxEntry, "deferred, before the outbox entry is written", PostedMail.Transient) with { Unknown = 1 },
        After(Write.OutboxEntry, "the redelivery is written, not produced", PostedMail.Transient) with { Attempt = 2, Delayed = 1, Forwarded = 1 },
        Before(Write.Publish, "the redelivery is produced, not published", PostedMail.Transient) with { Attempt = 2, Delayed = 2, Forwarded = 2 },
        After(Write.Publish, "the redelivery is published, before the offset's commit", PostedMail.Transient) with { Attempt = 2, Delayed = 1, Forwarded = 1 },
        new("the delayed copy is forwarded, before the offset's commit", PostedMail.Transient, scene => scene.Stops.SetAsync(scene.Mail, Write.ClaimAgain), KillForwarderAsync)
            { Attempt = 2, Delayed = 1, Forwarded = 2 },

        After(Write.OutboxEntry, "the dead letter is written, not produced", PostedMail.Permanent) with { Stored = 0, DeadLetters = 1 },
        Before(Write.Publish, "the dead letter is produced, not published", PostedMail.Permanent) with { Stored = 0, DeadLetters = 1, MostDeadLetters = 2 },
        After(Write.Publish, "the dead letter is published, before the offset's commit", PostedMail.Permanent) with { Stored = 0, DeadLetters = 1 },
        Before(Write.Failure, "before the failure's row", PostedMail.Permanent) with { Stored = 0, DeadLetters = 1, MostDeadLetters = 2 },
        After(Write.Failure, "after the failure's row, before the offset's commit", PostedMail.Permanent) with { Stored = 0, DeadLetters = 1 },
    ];

    private static KillStep Before(Write write, string name, Func<PostedMail> mail) => new(name, mail, scene => scene.Stops.SetAsync(scene.Mail, write), async scene =>
    {
        await scene.Stops.HeldAsync(scene.Mail, scene.World);
        await scene.Stops.KillBeforeAsync(scene.Worker, scene.Mail);
        return scene.Mail;
    });

    private static KillStep After(Write write, string name, Func<PostedMail> mail) => new(name, mail, scene => scene.Stops.SetAsync(scene.Mail, write), async scene =>
    {
        await scene.Stops.HeldAsync(scene.Mail, scene.World);
        await scene.Stops.KillAfterAsync(scene.Worker, scene.Mail);
        return scene.Mail;
    });

    /// <summary>While the mail server holds back its reply.</summary>
    private static KillStep AtReply(SmtpStage stage, string name)
    {
        ActiveRule? held = null;
        var release = new TaskCompletionSource();
        return new KillStep(
            name,
            PostedMail.Plain,
            scene =>
            {
                release = new TaskCompletionSource();
                held = scene.World.Sink.Script.Add(new ScriptRule(stage, RuleAction.HoldReply(release.Task)) { Recipient = scene.Mail.Recipient, Times = 1 });
                return Task.CompletedTask;
            },
            async scene =>
            {
                await Eventually.Until(() => held!.Hits == 1, MailAudit.Recovery, "the server holds back its reply", scene.World.DescribeAsync);
                await scene.Worker.KillAsync();
                release.SetResult();
                return scene.Mail;
            });
    }

    /// <summary>
    /// Nothing can hold the forwarder between its forward and its commit, a second later at most. So the forwarded copy is stopped
    /// at its claim, and the worker frozen; where it has committed by then it goes on, and another mail has to do.
    /// </summary>
    private static async Task<PostedMail> KillForwarderAsync(KillScene scene)
    {
        var (world, stops, worker, mail) = scene;
        while (true)
        {
            await stops.HeldAsync(mail, world);
            worker.Freeze();
            if (!IsForwardCommitted(world, mail))
            {
                await stops.KillBeforeAsync(worker, mail);
                return mail;
            }

            worker.Thaw();
            await stops.ReleaseAsync(mail);
            mail = PostedMail.Transient();
            await stops.SetAsync(mail, Write.ClaimAgain);
            await world.PostAsync(mail);
        }
    }

    private static bool IsForwardCommitted(MailWorld world, PostedMail mail)
    {
        var origin = world.Kafka.Records.ReadAll(world.Topics.Mails)
            .Where(record => record.Header(HeaderNames.MessageId) == $"{mail.Id:D}")
            .Select(record => record.Header(DelayHeaders.Origin)).OfType<string>().Single().Split('/');
        var (partition, offset) = (int.Parse(origin[1], CultureInfo.InvariantCulture), long.Parse(origin[2], CultureInfo.InvariantCulture));
        return world.Kafka.Records.Committed(world.Topics.DelayGroup, origin[0]).GetValueOrDefault(partition) > offset;
    }
}
