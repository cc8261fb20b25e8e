using System.Net;
using System.Text.Json;
using Consumer.Worker.Alerts;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Alerts;

internal sealed class SlackAlertsTests
{
    private SlackDouble _slack = null!;
    private IHost? _host;

    [SetUp]
    public void SetUp() => _slack = SlackDouble.Start();

    [TearDown]
    public async Task TearDown()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            _host.Dispose();
        }

        _host = null;
        _slack.Dispose();
    }

    [Test]
    public async Task The_first_dead_letter_is_posted_at_once()
    {
        var alerts = await StartAsync();
        alerts.Enqueue(Alert("550 no such user"));

        await Eventually.Until(() => _slack.Texts.Count == 1, null, "a post arrived");
        _slack.Texts.Single().ShouldContain("550 no such user");
    }

    [Test]
    public async Task A_flood_of_dead_letters_is_one_digest()
    {
        var alerts = await StartAsync(("Alerts:DigestInterval", "00:00:01"));
        alerts.Enqueue(Alert("first"));
        await Eventually.Until(() => _slack.Texts.Count == 1, null, "the first post arrived");
        for (var i = 0; i < 500; i++)
            alerts.Enqueue(Alert("flood"));

        await Eventually.Until(() => _slack.Texts.Count == 2, null, "the digest arrived");
        _slack.Texts[^1].ShouldContain("*500 mails");
    }

    [Test]
    public async Task What_waits_when_the_worker_stops_is_posted_then()
    {
        var alerts = await StartAsync();
        alerts.Enqueue(Alert("first"));
        await Eventually.Until(() => _slack.Texts.Count == 1, null, "the first post arrived");
        alerts.Enqueue(Alert("last words"));

        await _host!.StopAsync();
        _slack.Texts[^1].ShouldContain("last words");
    }

    [Test]
    public async Task A_post_that_slack_refuses_for_a_moment_is_made_again()
    {
        _slack.Refuse(times: 1);
        var alerts = await StartAsync();
        alerts.Enqueue(Alert("again"));

        await Eventually.Until(() => _slack.Texts.Count == 1, null, "the post arrived in the end");
    }

    [Test]
    public async Task A_slack_that_takes_nothing_does_not_end_the_alerts()
    {
        var alerts = await StartAsync(("Alerts:DigestInterval", "00:00:01"));
        _slack.Refuse(times: 1, HttpStatusCode.Forbidden);
        alerts.Enqueue(Alert("lost"));
        await Eventually.Until(() => _slack.Refused == 1, null, "the post was refused");

        alerts.Enqueue(Alert("heard"));
        await Eventually.Until(() => _slack.Texts.Any(text => text.Contains("heard", StringComparison.Ordinal)), null, "the next one arrived");
    }

    [Test]
    public async Task Without_a_webhook_nothing_is_queued_and_nothing_fails()
    {
        var alerts = await StartAsync(webhook: "");
        for (var i = 0; i < 10_000; i++)
            alerts.Enqueue(Alert("nobody"));
        _slack.Texts.ShouldBeEmpty();
    }

    private Task<IAlertQueue> StartAsync(params (string Key, string Value)[] options) => StartAsync(_slack.Url, options);

    private async Task<IAlertQueue> StartAsync(string webhook, params (string Key, string Value)[] options)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            new[] { ("Alerts:SlackWebhookUrl", webhook) }.Concat(options).Select(pair => KeyValuePair.Create<string, string?>(pair.Item1, pair.Item2)));
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton<WorkerMetrics>().AddAlerts();
        _host = builder.Build();
        await _host.StartAsync();
        return _host.Services.GetRequiredService<IAlertQueue>();
    }

    private static Alert Alert(string cause) => new(Guid.NewGuid(), Guid.NewGuid(), cause, cause);

    /// <summary>Takes posts as Slack does, on a free port of this machine.</summary>
    private sealed class SlackDouble : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly List<string> _texts = [];
        private (int Times, HttpStatusCode Status) _refusal;

        private SlackDouble(string url)
        {
            Url = url + "services/T0/B0/secret";
            _listener.Prefixes.Add(url);
            _listener.Start();
            _ = ServeAsync();
        }

        public string Url { get; }

        public int Refused { get; private set; }

        public IReadOnlyList<string> Texts
        {
            get
            {
                lock (_texts)
                    return [.. _texts];
            }
        }

        public static SlackDouble Start() => new($"http://127.0.0.1:{Ports.Free()}/");

        public void Refuse(int times, HttpStatusCode status = HttpStatusCode.ServiceUnavailable) => _refusal = (times, status);

        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            while (_listener.IsListening)
            {
                HttpListenerContext request;
                try
                {
                    request = await _listener.GetContextAsync();
                }
                catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                using var response = request.Response;
                if (_refusal.Times > 0)
                {
                    _refusal.Times--;
                    Refused++;
                    response.StatusCode = (int)_refusal.Status;
                    continue;
                }

                using var body = await JsonDocument.ParseAsync(request.Request.InputStream);
                lock (_texts)
                    _texts.Add(body.RootElement.GetProperty("text").GetString()!);
            }
        }
    }
}
