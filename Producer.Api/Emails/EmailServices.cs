namespace Producer.Api.Emails;

internal static class EmailServices
{
    public static IServiceCollection AddEmails(this IServiceCollection services)
    {
        services.AddScoped<AcceptMail>();
        services.AddSingleton<KnownMails>();
        services.AddRateLimiter(options => options.AddPolicy<string, PostLimit>(PostLimit.PolicyName));
        return services;
    }
}
