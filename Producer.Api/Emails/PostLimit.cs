using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Observability;
using Producer.Api.Problems;

namespace Producer.Api.Emails;

/// <summary>Bounds how many posts wait for Kafka at once, so that a slow Kafka does not fill the memory with mails.</summary>
internal sealed class PostLimit(IOptions<ApiOptions> options) : IRateLimiterPolicy<string>
{
    public const string PolicyName = "posts";

    public Func<OnRejectedContext, CancellationToken, ValueTask>? OnRejected { get; } = static async (context, _) =>
    {
        context.HttpContext.RequestServices.GetRequiredService<ApiMetrics>().Posted(ProblemTypes.Overloaded.Code);
        await ProblemTypes.Overloaded.Because(ProblemTypes.Overloaded.Meaning).ExecuteAsync(context.HttpContext);
    };

    // One partition: the bound is the service's, not a caller's.
    public RateLimitPartition<string> GetPartition(HttpContext httpContext) =>
        RateLimitPartition.GetConcurrencyLimiter(PolicyName, _ => new ConcurrencyLimiterOptions { PermitLimit = options.Value.MaxConcurrentPosts, QueueLimit = 0 });
}
