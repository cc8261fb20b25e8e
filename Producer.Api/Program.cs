using Producer.Api.Emails;
using Producer.Api.Hosting;
using Producer.Api.Keys;
using ServiceDefaults.Start;

return await StartChecks.RunAsync("Producer.Api", async () =>
{
    switch (args)
    {
        case ["keys", .. var rest]:
            return await KeysVerb.RunAsync(rest, Console.Out, Console.Error);

        case [var verb, ..] when !verb.StartsWith('-'):
            await Console.Error.WriteLineAsync($"Producer.Api has no verb '{verb}'. Without one it runs the API; 'keys' makes, lists, rotates and revokes API keys.");
            return 2;

        default:
            await using (var app = ProducerApi.Build(args, KafkaQueue.AddKafkaQueue))
            {
                app.Services.ValidateOptions();
                await app.RunAsync();
            }

            return Environment.ExitCode;
    }
});
