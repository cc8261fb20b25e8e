namespace MailSink;

/// <summary>The sink could not start to listen; the message says on what, why, and what to do.</summary>
public sealed class SinkStartException : Exception
{
    /// <summary>For serializers and tests.</summary>
    public SinkStartException()
    {
    }

    /// <param name="message">What failed, why, and the next step.</param>
    public SinkStartException(string message)
        : base(message)
    {
    }

    /// <param name="message">What failed, why, and the next step.</param>
    /// <param name="innerException">The error of the socket.</param>
    public SinkStartException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
