namespace Producer.Api.Emails;

internal static class EmailServices
{
    public static IServiceCollection AddEmails(this IServiceCollection services)
    {
        services.AddSingleton<AcceptMail>();
        services.AddSingleton<PostLimit>();
        services.AddSingleton<PostEmail>();
        services.AddSingleton<PostedMails>();
        services.AddSingleton<MailAccess>();
        services.AddSingleton<ReadPosition>();
        services.AddSingleton<FindEmail>();
        services.AddSingleton<FollowPauses>();
        services.AddSingleton<KeyedPosts>();
        services.AddHostedService<IdempotencySweep>();
        return services;
    }
}
