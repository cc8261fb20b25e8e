using Consumer.Worker.Smtp;
using Contracts;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

internal sealed class DomainSharesTests
{
    private readonly FakeTimeProvider _timeProvider = new();
    private DomainShares _shares = null!;

    [SetUp]
    public void SetUp() => _shares = new DomainShares(Microsoft.Extensions.Options.Options.Create(new SmtpOptions { MaxConnections = 4 }), _timeProvider);

    [Test]
    public void A_domain_that_is_alone_has_all_connections()
    {
        for (var i = 0; i < 10; i++)
            Enter("a@slow.example").IsCompletedSuccessfully.ShouldBeTrue();
    }

    [Test]
    public void While_others_are_about_a_domain_has_three_quarters_and_the_others_get_on()
    {
        Enter("x@good.example").IsCompletedSuccessfully.ShouldBeTrue();
        var slow = Enumerable.Range(0, 10).Select(number => Enter($"{number}@slow.example")).ToList();
        slow.Count(task => task.IsCompletedSuccessfully).ShouldBe(3);
        Enter("y@good.example").IsCompletedSuccessfully.ShouldBeTrue();
    }

    [Test]
    public async Task One_that_waits_enters_when_one_of_its_domain_leaves_in_order()
    {
        await Enter("x@good.example");
        var slow = Enumerable.Range(0, 5).Select(number => Enter($"{number}@slow.example")).ToList();
        (await slow[1]).Dispose();
        await slow[3];
        slow[4].IsCompleted.ShouldBeFalse();
    }

    [Test]
    public async Task Once_the_others_are_gone_a_domain_has_all_again()
    {
        (await Enter("x@good.example")).Dispose();
        var slow = Enumerable.Range(0, 4).Select(number => Enter($"{number}@slow.example")).ToList();
        slow[3].IsCompleted.ShouldBeFalse();
        _timeProvider.Advance(DomainShares.OthersAreAbout);
        await Enter("5@slow.example");
        await slow[3];
    }

    [Test]
    public async Task One_that_gives_up_leaves_its_place()
    {
        await Enter("x@good.example");
        var slow = Enumerable.Range(0, 3).Select(number => Enter($"{number}@slow.example")).ToList();
        using var givesUp = new CancellationTokenSource();
        var gone = _shares.EnterAsync(["3@slow.example"], MailStream.Transactional, givesUp.Token);
        var next = Enter("4@slow.example");
        await givesUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => gone);
        (await slow[0]).Dispose();
        await next;
    }

    [Test]
    public async Task Of_a_domain_with_its_share_a_transactional_mail_enters_before_those_of_bulk()
    {
        await Enter("x@good.example");
        var bulk = Enumerable.Range(0, 5).Select(number => Enter($"{number}@slow.example", MailStream.Bulk)).ToList();
        var urgent = Enter("reset@slow.example");
        (await bulk[0]).Dispose();
        await urgent;
        bulk[3].IsCompleted.ShouldBeFalse();
    }

    private Task<IDisposable> Enter(string address, MailStream stream = MailStream.Transactional) => _shares.EnterAsync([address], stream, CancellationToken.None);
}
