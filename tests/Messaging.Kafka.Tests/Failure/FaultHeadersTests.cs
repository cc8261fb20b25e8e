using System.Text;
using MassTransit;
using Messaging.Kafka.Failure;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Failure;

public class FaultHeadersTests
{
    private static readonly RecordOrigin Origin = new("orders", 3, 42, 1_700_000_000_000, "orders-group");

    [Test]
    public void The_original_headers_stay_and_the_fault_follows_as_text()
    {
        KafkaHeader[] original = [new("X", [1, 2]), new("X", null), new("MessageId", "7"u8.ToArray())];
        var headers = FaultHeaders.Compose(original, Guid.NewGuid(), "fault", [new("MT-Fault-Message", "no such user")], Origin);

        headers.Take(3).ShouldBe(original);
        Text(headers, "MT-Reason").ShouldBe("fault");
        Text(headers, "MT-Fault-Message").ShouldBe("no such user");
        Text(headers, "MT-Original-Topic").ShouldBe("orders");
        Text(headers, "MT-Original-Partition").ShouldBe("3");
        Text(headers, "MT-Original-Offset").ShouldBe("42");
        Text(headers, "MT-Original-Timestamp").ShouldBe("1700000000000");
        Text(headers, "MT-Original-Group").ShouldBe("orders-group");
    }

    [Test]
    public void A_second_fault_replaces_the_first()
    {
        var first = FaultHeaders.Compose([], null, "fault", [new("MT-Fault-Message", "one"), new("MT-Fault-RetryCount", "3")], Origin);
        var second = FaultHeaders.Compose(first, null, "fault", [new("MT-Fault-Message", "two")], Origin);

        second.Count(header => header.Name == "MT-Fault-Message").ShouldBe(1);
        Text(second, "MT-Fault-Message").ShouldBe("two");
        second.ShouldNotContain(header => header.Name == "MT-Fault-RetryCount");
        second.Count(header => header.Name == "MT-Original-Offset").ShouldBe(1);
    }

    [Test]
    public void A_record_without_an_id_gets_the_one_that_it_was_known_by()
    {
        var id = Guid.NewGuid();
        Text(FaultHeaders.Compose([], id, "fault", [], Origin), "MessageId").ShouldBe(id.ToString());
    }

    /// <summary>Whatever the texts are, the fault takes no more room than the dead-letter topic has for it, and the first texts win.</summary>
    [FsCheck.NUnit.Property(MaxTest = 200)]
    public bool The_fault_never_outgrows_its_room(FsCheck.NonNull<string>[] texts, FsCheck.PositiveInt times)
    {
        var fault = texts.Select((text, i) => KeyValuePair.Create(i == 1 ? "MT-Fault-StackTrace" : $"MT-Fault-{i}", string.Concat(Enumerable.Repeat(text.Get, 1 + (times.Get * 100))))).ToList();
        var headers = FaultHeaders.Compose([], null, "fault", fault, Origin).Where(header => header.Name.StartsWith("MT-Fault-", StringComparison.Ordinal)).ToList();

        return headers.Sum(header => header.Name.Length + header.Value!.Length) <= FaultHeaders.MaxBytes
            && headers.Select(header => header.Name).SequenceEqual(fault.Take(headers.Count).Select(header => header.Key));
    }

    [Test]
    public void A_cut_never_splits_a_character() => FaultHeaders.Cut("ab😀", 3).ShouldBe("ab");

    private static string Text(IReadOnlyList<KafkaHeader> headers, string name) => Encoding.UTF8.GetString(headers.Single(header => header.Name == name).Value!);
}
