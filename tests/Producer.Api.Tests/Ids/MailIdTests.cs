using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Time.Testing;
using Producer.Api.Ids;

namespace Producer.Api.Tests.Ids;

public class MailIdTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
    private static readonly MailId Ids = new("a secret of some length"u8, new FakeTimeProvider(Now));

    [Test]
    public void A_new_id_is_known_again_with_its_time()
    {
        Ids.IsOurs(Ids.New(), out var issuedAt).ShouldBeTrue();
        issuedAt.ShouldBe(Now);
    }

    [Test]
    public void Another_instance_with_the_secret_knows_the_id_and_one_without_does_not()
    {
        var id = Ids.New();

        new MailId("a secret of some length"u8, TimeProvider.System).IsOurs(id, out _).ShouldBeTrue();
        new MailId("another secret altogether"u8, TimeProvider.System).IsOurs(id, out _).ShouldBeFalse();
    }

    [Test]
    public void The_id_of_a_key_s_mail_is_known_again_as_that_key_s_alone()
    {
        var (key, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        foreach (var id in new[] { Ids.New(key), Ids.Derive("caller", "key", key) })
        {
            Ids.IsOurs(id, out _, key).ShouldBeTrue();
            Ids.IsOurs(id, out _, other).ShouldBeFalse();
            Ids.IsOurs(id, out _).ShouldBeFalse();
        }

        Ids.IsOurs(Ids.New(), out _, key).ShouldBeFalse();
    }

    [Test]
    public void An_id_is_a_UUID_of_version_8_and_sorts_by_time()
    {
        var timeProvider = new FakeTimeProvider(Now);
        var ids = new MailId("a secret of some length"u8, timeProvider);
        var earlier = ids.New();
        timeProvider.Advance(TimeSpan.FromMilliseconds(1));
        var later = ids.New();

        earlier.Version.ShouldBe(8);
        (earlier.Variant & 0b1100).ShouldBe(0b1000);
        string.CompareOrdinal(earlier.ToString(), later.ToString()).ShouldBeLessThan(0);
    }

    [Test]
    public void Ids_of_one_millisecond_differ() =>
        Enumerable.Range(0, 10_000).Select(_ => Ids.New()).Distinct().Count().ShouldBe(10_000);

    [Test]
    public void The_id_of_a_caller_and_key_is_the_same_each_time_and_carries_no_time()
    {
        var id = Ids.Derive("caller", "key");

        Ids.Derive("caller", "key").ShouldBe(id);
        Ids.IsOurs(id, out var issuedAt).ShouldBeTrue();
        issuedAt.ShouldBeNull();
        id.Version.ShouldBe(8);
    }

    [Test]
    public void Other_callers_keys_and_secrets_give_other_ids()
    {
        Guid[] ids =
        [
            Ids.Derive("caller", "key"), Ids.Derive("caller", "kez"), Ids.Derive("callerk", "ey"), Ids.Derive("", "callerkey"),
            new MailId("another secret altogether"u8, TimeProvider.System).Derive("caller", "key"),
        ];

        ids.Distinct().Count().ShouldBe(ids.Length);
    }

    [Test]
    public void A_foreign_or_altered_id_is_not_ours() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(Gen.Choose(0, 127).ToArbitrary(), bit =>
        {
            var bytes = Ids.New().ToByteArray(bigEndian: true);
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            return !Ids.IsOurs(new Guid(bytes, bigEndian: true), out _) && !Ids.IsOurs(Guid.NewGuid(), out _) && !Ids.IsOurs(Guid.CreateVersion7(), out _);
        }));
}
