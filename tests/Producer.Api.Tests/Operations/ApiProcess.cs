using System.Net;
using System.Text;
using Producer.Api.Hosting;
using Producer.Api.Tests.OpenApi;

namespace Producer.Api.Tests.Operations;

/// <summary>An instance of the API as a process of its own, with a client of it.</summary>
internal sealed class ApiProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(2);

    private readonly ChildProcess _process;

    private ApiProcess(ChildProcess process, int port) => (_process, Client) = (process, new HttpClient(new DescribedAnswers(new SocketsHttpHandler())) { BaseAddress = new Uri($"http://127.0.0.1:{port}") });

    public HttpClient Client { get; }

    /// <summary>Starts one and waits until it is ready.</summary>
    /// <param name="settings">Its options, as on the command line.</param>
    public static async Task<ApiProcess> StartAsync(IEnumerable<(string Key, string Value)> settings)
    {
        var port = Ports.Free();
        var process = ChildProcess.Start(
            typeof(ProducerApi).Assembly.Location, settings.Append(("environment", "Development")).Append(("urls", $"http://127.0.0.1:{port}")).Select(setting => $"--{setting.Item1}={setting.Item2}"));
        var api = new ApiProcess(process, port);
        await Eventually.Until(api.IsReadyAsync, StartDeadline, "the API is ready", () => Task.FromResult(process.Log));
        return api;
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json) => Client.PostAsync(new Uri(path, UriKind.Relative), new StringContent(json, Encoding.UTF8, "application/json"));

    /// <inheritdoc cref="ChildProcess.KillAsync"/>
    public Task KillAsync() => _process.KillAsync();

    /// <inheritdoc cref="ChildProcess.Freeze"/>
    public void Freeze() => _process.Freeze();

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Client.Dispose();
    }

    private async Task<bool> IsReadyAsync()
    {
        if (_process.HasExited)
            throw new InvalidOperationException($"The API has ended: {_process.Log}");
        try
        {
            using var response = await Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
