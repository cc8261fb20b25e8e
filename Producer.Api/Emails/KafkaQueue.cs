namespace Producer.Api.Emails;

internal static class KafkaQueue
{
    /// <summary>The topic as the queue of mails.</summary>
    public static void AddKafkaQueue(WebApplicationBuilder builder)
    {
        builder.Services.AddScoped<IMailQueue, KafkaMailQueue>();
    }
}
