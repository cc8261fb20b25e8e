using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace EndToEnd;

/// <summary>Posts mails at a steady rate, whatever becomes of the posts, and remembers what was accepted.</summary>
internal sealed class MailLoad : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(0.1);

    private readonly HttpClient _api;
    private readonly Func<int, string> _to;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _posting;
    private int _posts;

    private MailLoad(HttpClient api, int postsPerSecond, Func<int, string> to)
    {
        (_api, _to) = (api, to);
        _posting = PostAsync(postsPerSecond);
    }

    /// <summary>The mails that got their 202, each with its recipient's local part.</summary>
    public ConcurrentDictionary<Guid, string> Accepted { get; } = [];

    /// <summary>How many posts were refused, by status and code, or by what the connection said.</summary>
    public ConcurrentDictionary<string, int> Refused { get; } = [];

    /// <param name="api">Where.</param>
    /// <param name="postsPerSecond">How many.</param>
    /// <param name="to">The local part of the recipient of post number n, for what the mail server does with it; <c>fine</c> unless said.</param>
    public static MailLoad Start(HttpClient api, int postsPerSecond, Func<int, string>? to = null) => new(api, postsPerSecond, to ?? (_ => "fine"));

    public string DescribeRefused() => Refused.IsEmpty ? "none" : string.Join(", ", Refused.Select(code => $"{code.Key} {code.Value}"));

    /// <summary>Posts no more, and waits for the answers that are open.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _posting;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task PostAsync(int postsPerSecond)
    {
        using var timer = new PeriodicTimer(Tick);
        var posts = new List<Task>();
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                posts.RemoveAll(post => post.IsCompletedSuccessfully);
                for (var post = 0; post < postsPerSecond * Tick.TotalSeconds; post++)
                    posts.Add(PostOneAsync(_to(_posts++)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(posts);
        }
    }

    private async Task PostOneAsync(string to)
    {
        try
        {
            using var response = await _api.PostAsJsonAsync("/emails", new { from = "a@example.com", to = EntryPoints.Address(to), subject = "Hello", text = "It works." }, CancellationToken.None);
            var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            if (response.StatusCode == HttpStatusCode.Accepted)
                Accepted[body["id"]!.GetValue<Guid>()] = to;
            else
                Count($"{(int)response.StatusCode} {body["code"]}");
        }
        // The API is away, or was killed before it answered: nobody was told that the mail was accepted.
        catch (HttpRequestException exception)
        {
            Count(exception.HttpRequestError.ToString());
        }
    }

    private void Count(string refusal) => Refused.AddOrUpdate(refusal, 1, (_, count) => count + 1);
}
