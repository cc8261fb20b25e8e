using Consumer.Worker.DeadLetters;
using Consumer.Worker.Hosting;
using Consumer.Worker.Ledger;
using ServiceDefaults.Start;

return await StartChecks.RunAsync("Consumer.Worker", async () =>
{
    switch (args)
    {
        case ["migrate", .. var rest]:
            await MigrateVerb.RunAsync(rest);
            return 0;

        case ["ledger", .. var rest]:
            return await LedgerVerb.RunAsync(rest, names: null, Console.Out, Console.Error);

        case ["rebuild-failures", .. var rest]:
            return await RebuildVerb.RunAsync(rest, names: null, Console.Out);

        case ["adopt", .. var rest]:
            return await AdoptVerb.RunAsync(rest, Console.Out);

        case ["topics", .. var rest]:
            await TopicsVerb.RunAsync(rest, Console.Out);
            return 0;

        case [var verb, ..] when !verb.StartsWith('-'):
            await Console.Error.WriteLineAsync($"Consumer.Worker has no verb '{verb}'. Without one it runs the worker; 'migrate' brings the database up to date, 'ledger' proves that no mail is lost, 'rebuild-failures' makes the failures that Postgres lacks from the dead-letter topic, 'topics' prints the topics that it uses, 'adopt' says that the database belongs to this Kafka cluster.");
            return 2;

        default:
            await using (var app = WorkerHost.Build(args))
                await app.RunAsync();

            return Environment.ExitCode;
    }
});
