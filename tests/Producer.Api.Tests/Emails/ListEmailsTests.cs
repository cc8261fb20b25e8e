using System.Text.Json;
using Persistence.Mails;

namespace Producer.Api.Tests.Emails;

public class ListEmailsTests
{
    private ApiHost _api = null!;
    private Store _store = null!;
    private readonly List<Guid> _ids = [];

    [OneTimeSetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartOnAsync(await (await PostgresFixture.StartAsync()).CreateDatabaseAsync());
        _store = new Store(_api.Services);
        for (var n = 0; n < 5; n++)
        {
            var number = n;
            var id = Guid.NewGuid();
            await _store.SendAsync(id, record => record with
            {
                Subject = $"Order {number}",
                Sender = number == 0 ? "Other@example.com" : "shop@example.com",
                Recipients = [new Recipient($"user{number}@example.com", RecipientKind.To)],
                Tags = number switch { 1 => """["order"]""", 2 => """[{"name":"order","value":"large"}]""", 3 => """["order:large"]""", _ => null },
            }, isSent: number != 4);
            _ids.Add(id);
        }

        (await _store.FailAsync()).MailId.ShouldNotBe(Guid.Empty);
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [TestCase("recipient=USER2@example.com", "2")]
    [TestCase("recipient=nobody@example.com", "")]
    [TestCase("sender=other@EXAMPLE.com", "0")]
    [TestCase("sender=shop@example.com", "4 3 2 1")]
    [TestCase("tag=order", "2 1")]
    [TestCase("tag=order:large", "3 2")]
    [TestCase("tag=large", "")]
    [TestCase("state=sending", "4")]
    [TestCase("state=SENT&sender=shop@example.com", "3 2 1")]
    [TestCase("subject=order%203", "3")]
    [TestCase("subject=%25", "")]
    [TestCase("until=2020-01-01T00:00:00Z", "")]
    [TestCase("since=2020-01-01T00:00:00Z&recipient=user1@example.com", "1")]
    public async Task A_filter_finds_its_mails_newest_first(string query, string expected)
    {
        var list = await ListAsync(query);

        Numbers(list).ShouldBe(expected);
        list.GetProperty("object").GetString().ShouldBe("list");
        list.GetProperty("has_more").GetBoolean().ShouldBeFalse();
    }

    [Test]
    public async Task Dead_mails_are_listed_by_their_state() => (await ListAsync("state=dead")).GetProperty("data").GetArrayLength().ShouldBe(1);

    [Test]
    public async Task Pages_follow_each_other_by_cursor_without_a_gap()
    {
        var numbers = new List<string>();
        string? cursor = null;
        do
        {
            var page = await ListAsync($"limit=2&subject=order{(cursor is null ? "" : $"&cursor={cursor}")}");
            page.GetProperty("data").GetArrayLength().ShouldBeLessThanOrEqualTo(2);
            numbers.Add(Numbers(page));
            cursor = page.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
            page.GetProperty("has_more").GetBoolean().ShouldBe(cursor is not null);
        }
        while (cursor is not null);

        numbers.ShouldBe(["4 3", "2 1", "0"]);
    }

    [Test]
    public async Task After_and_before_a_mail_stand_older_and_newer_ones()
    {
        Numbers(await ListAsync($"after={_ids[2]}&sender=shop@example.com")).ShouldBe("1");
        var before = await ListAsync($"before={_ids[1]}&limit=2&sender=shop@example.com");
        Numbers(before).ShouldBe("3 2");
        before.GetProperty("has_more").GetBoolean().ShouldBeTrue();
        Numbers(await ListAsync($"cursor={before.GetProperty("next_cursor").GetString()}&sender=shop@example.com")).ShouldBe("4");
    }

    [TestCase("limit=0")]
    [TestCase("limit=101")]
    [TestCase("limit=x")]
    [TestCase("state=unknown")]
    [TestCase("since=yesterday")]
    [TestCase("cursor=x")]
    [TestCase("after=x")]
    [TestCase("after=0190b0a0-0000-7000-8000-000000000000")]
    [TestCase("before=0190b0a0-0000-7000-8000-000000000000&after=0190b0a0-0000-7000-8000-000000000000")]
    [TestCase("recipent=a@example.com")]
    [TestCase("tag=a&tag=b")]
    public async Task What_is_not_a_query_is_refused(string query) => await (await _api.GetAsync($"/emails?{query}")).ProblemAsync(400, "invalid_request");

    private async Task<JsonElement> ListAsync(string query)
    {
        var response = await _api.GetAsync($"/emails?{query}");
        ((int)response.StatusCode).ShouldBe(200, await response.Content.ReadAsStringAsync());
        return await response.JsonAsync();
    }

    private string Numbers(JsonElement list) => string.Join(' ', list.GetProperty("data").EnumerateArray().Select(mail => _ids.IndexOf(mail.GetProperty("id").GetGuid())).Where(number => number >= 0));
}
