using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Problems;

namespace Producer.Api.Emails;

/// <summary>
/// Bounds how many posts wait for Kafka at once, so that a slow Kafka does not fill the memory with mails. A post has a place once its body
/// is read: those whose bodies come slowly keep nobody out. For any thread.
/// </summary>
internal sealed class PostLimit(IOptions<ApiOptions> options)
{
    private int _waiting;

    /// <summary>A place among those who wait, until it is disposed of; or none, with the problem.</summary>
    public Place Take()
    {
        if (Interlocked.Increment(ref _waiting) <= options.Value.MaxConcurrentPosts)
            return new Place(this);
        Interlocked.Decrement(ref _waiting);
        return default;
    }

    /// <summary>A place, or none.</summary>
    internal readonly struct Place(PostLimit? limit) : IDisposable
    {
        /// <summary>The response where it is none.</summary>
        public ProblemHttpResult? Problem => limit is null ? ProblemTypes.Overloaded.Because(ProblemTypes.Overloaded.Meaning) : null;

        public void Dispose()
        {
            if (limit is not null)
                Interlocked.Decrement(ref limit._waiting);
        }
    }
}
