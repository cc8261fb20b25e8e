namespace Producer.Api.Emails;

internal static class EmailServices
{
    public static IServiceCollection AddEmails(this IServiceCollection services)
    {
        services.AddScoped<AcceptMail>();
        services.AddSingleton<PostedMails>();
        services.AddSingleton<MailAccess>();
        services.AddSingleton<ReadPosition>();
        services.AddSingleton<FindEmail>();
        services.AddSingleton<KeyedPosts>();
        services.AddHostedService<IdempotencySweep>();
        services.AddRateLimiter(options => options.AddPolicy<string, PostLimit>(PostLimit.PolicyName));
        return services;
    }
}
