using Confluent.Kafka;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Rider;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class RenewedClientTests
{
    private static readonly KafkaException NoAnswer = new(new Error(ErrorCode.Local_TimedOut));
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new();
    private readonly List<Client> _made = [];
    private int _renewed;

    [Test]
    public void Ten_seconds_without_an_answer_bring_another_client()
    {
        using var client = NewClient();
        Fails(client, NoAnswer);
        _time.Advance(TimeSpan.FromSeconds(9));
        Fails(client, NoAnswer);
        _made.Count.ShouldBe(1);
        _time.Advance(TimeSpan.FromSeconds(1));
        Fails(client, NoAnswer);
        client.Ask(asked => ReferenceEquals(asked, _made[1])).ShouldBeTrue("another client is asked");
        _made[0].Disposed.ShouldBeTrue();
    }

    [Test]
    public void An_answer_and_a_refusal_are_both_signs_of_life()
    {
        using var client = NewClient();
        for (var i = 0; i < 5; i++)
        {
            Fails(client, NoAnswer);
            _time.Advance(TimeSpan.FromSeconds(9));
            if (i % 2 == 0)
                client.Ask(_ => true);
            else
                Fails(client, new KafkaException(new Error(ErrorCode.GroupAuthorizationFailed)));
        }

        _made.Count.ShouldBe(1);
    }

    [Test]
    public async Task A_client_is_closed_behind_the_last_question_that_is_open()
    {
        var client = NewClient();
        var answer = new TaskCompletionSource<int>();
        var asking = client.AskAsync(_ => answer.Task, Timeout);
        client.Dispose();
        _made[0].Disposed.ShouldBeFalse();
        answer.SetResult(7);
        (await asking).ShouldBe(7);
        _made[0].Disposed.ShouldBeTrue();
        Should.Throw<ObjectDisposedException>(() => client.Ask(_ => 0));
    }

    [Test]
    public async Task A_client_that_never_answers_is_replaced_and_not_closed_under_its_question()
    {
        using var client = NewClient();
        var answer = new TaskCompletionSource<int>();
        var asking = client.AskAsync(_ => answer.Task, Timeout);
        _time.Advance(Timeout + RenewedClient<Client>.Grace - TimeSpan.FromMilliseconds(1));
        asking.IsCompleted.ShouldBeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        (await Should.ThrowAsync<KafkaException>(asking)).Error.Code.ShouldBe(ErrorCode.Local_TimedOut);
        client.Ask(asked => ReferenceEquals(asked, _made[1])).ShouldBeTrue("another client is asked");
        _made[0].Disposed.ShouldBeFalse();

        answer.SetResult(7);
        await Eventually.Until(() => _made[0].Disposed, null, "the client is closed once its question has ended");
        _made[1].Disposed.ShouldBeFalse();
    }

    [Test]
    public async Task A_client_that_has_closed_itself_is_replaced()
    {
        using var client = NewClient();
        await Should.ThrowAsync<KafkaException>(client.AskAsync(Task<int> (_) => throw new ObjectDisposedException("handle"), Timeout));
        Should.Throw<KafkaException>(() => client.Ask<int>(_ => throw new ObjectDisposedException("handle")));
        client.Ask(asked => ReferenceEquals(asked, _made[2])).ShouldBeTrue("another client is asked");
    }

    [Test]
    public async Task Several_questions_without_an_answer_replace_a_client_once()
    {
        using var client = NewClient();
        var questions = Enumerable.Range(0, 3).Select(_ => client.AskAsync(_ => new TaskCompletionSource<int>().Task, Timeout)).ToList();
        _time.Advance(Timeout + RenewedClient<Client>.Grace);
        foreach (var question in questions)
            await Should.ThrowAsync<KafkaException>(question);
        _renewed.ShouldBe(1);
    }

    private RenewedClient<Client> NewClient() => new(
        () =>
        {
            _made.Add(new Client());
            return _made[^1];
        },
        _time, () => Interlocked.Increment(ref _renewed));

    private static void Fails(RenewedClient<Client> client, KafkaException exception) =>
        Should.Throw<KafkaException>(() => client.Ask<int>(_ => throw exception));

    internal sealed class Client : IClient
    {
        public bool Disposed { get; private set; }

        public Handle Handle => throw new NotSupportedException();

        public string Name => "fake";

        public int AddBrokers(string brokers) => throw new NotSupportedException();

        public void SetSaslCredentials(string username, string password) => throw new NotSupportedException();

        public void Dispose() => Disposed = true;
    }
}
