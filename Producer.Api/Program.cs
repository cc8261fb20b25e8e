using Producer.Api.Emails;
using Producer.Api.Hosting;

try
{
    var app = ProducerApi.Build(args, KafkaQueue.AddKafkaQueue);
    StartFaults.Meet(app.Services);
    await app.RunAsync();
    return 0;
}
catch (Exception exception) when (StartFaults.Explain(exception) is { } reasons)
{
    await Console.Error.WriteLineAsync("Producer.Api does not start:" + string.Concat(reasons.Select(reason => Environment.NewLine + "  " + reason)));
    return 1;
}
