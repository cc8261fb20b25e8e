using Confluent.Kafka;

namespace Messaging.Kafka.Receiving;

/// <summary>Why a consumer's client has ended. Nearly all of it is better with the next client.</summary>
/// <param name="Reason">What an operator reads.</param>
/// <param name="Type">The error's code or the exception's type, for metrics.</param>
/// <param name="EndsMembership">Whether the client is not a member of its group any more: it can commit nothing.</param>
/// <param name="IsFinal">Whether no other client would do better.</param>
/// <param name="Exception">The exception, where there is one.</param>
internal sealed record ConsumerFailure(string Reason, string Type, bool EndsMembership, bool IsFinal = false, Exception? Exception = null)
{
    /// <summary>A fatal error of the client.</summary>
    public static ConsumerFailure Of(Error error) => error.Code == ErrorCode.FencedInstanceId
        ? new("another consumer has joined with the same GroupInstanceId: give each instance its own", error.Code.ToString(), EndsMembership: true, IsFinal: true)
        : new(error.Reason, error.Code.ToString(), EndsMembership: true);

    /// <summary>An exception on the poll thread.</summary>
    public static ConsumerFailure Of(Exception exception) => exception switch
    {
        KafkaException { Error.IsFatal: true } fatal => Of(fatal.Error),
        KafkaException kafka => new(kafka.Error.Reason, kafka.Error.Code.ToString(), EndsMembership: false, Exception: exception),
        // Another librdkafka than the package's was loaded: see KafkaClientFactory.EnsureLibrary.
        TypeLoadException or BadImageFormatException => new(exception.Message, exception.GetType().Name, EndsMembership: true, IsFinal: true, exception),
        _ => new(exception.Message, exception.GetType().Name, EndsMembership: false, Exception: exception),
    };
}
