using Microsoft.Extensions.Options;
using Persistence.Schema;
using Producer.Api.Emails;
using Producer.Api.Hosting;

try
{
    var app = ProducerApi.Build(args, KafkaQueue.AddKafkaQueue);
    await app.RunAsync();
    return 0;
}
catch (OptionsValidationException fault)
{
    // What a person can mend stands alone, without a stack trace around it.
    await Console.Error.WriteLineAsync("Producer.Api does not start: " + string.Join(Environment.NewLine + "  ", fault.Failures));
    return 1;
}
catch (SchemaMismatchException fault)
{
    await Console.Error.WriteLineAsync("Producer.Api does not start: " + fault.Message);
    return 1;
}
