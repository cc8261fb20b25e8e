using Producer.Api.Emails;
using Producer.Api.Hosting;
using ServiceDefaults.Start;

return await StartChecks.RunAsync("Producer.Api", async () =>
{
    await using var app = ProducerApi.Build(args, KafkaQueue.AddKafkaQueue);
    app.Services.ValidateOptions();
    await app.RunAsync();
    return Environment.ExitCode;
});
