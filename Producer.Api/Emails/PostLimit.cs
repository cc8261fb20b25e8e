using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Problems;

namespace Producer.Api.Emails;

/// <summary>
/// Bounds how many posts wait for Kafka at once, so that a slow Kafka does not fill the memory with mails, and apart from them how many wait
/// for Postgres to reserve their keys. A post has a place once its body is read: those whose bodies come slowly keep nobody out. For any thread.
/// </summary>
internal sealed class PostLimit(IOptions<ApiOptions> options)
{
    private readonly Places _forKafka = new();
    private readonly Places _forKey = new();

    /// <summary>A place among those who wait for Kafka, until it is disposed of; or none, with the problem.</summary>
    public Place Take() => _forKafka.Take(options.Value.MaxConcurrentPosts);

    /// <summary>A place among those who wait for their <c>Idempotency-Key</c>, as many as for Kafka: those without one are not kept out.</summary>
    public Place TakeForKey() => _forKey.Take(options.Value.MaxConcurrentPosts);

    internal sealed class Places
    {
        private int _taken;

        public Place Take(int limit)
        {
            if (Interlocked.Increment(ref _taken) <= limit)
                return new Place(this);
            Return();
            return default;
        }

        public void Return() => Interlocked.Decrement(ref _taken);
    }

    /// <summary>A place, or none.</summary>
    internal readonly struct Place(Places? places) : IDisposable
    {
        /// <summary>The response where it is none.</summary>
        public ProblemHttpResult? Problem => places is null ? ProblemTypes.Overloaded.Because(ProblemTypes.Overloaded.Meaning) : null;

        public void Dispose() => places?.Return();
    }
}
