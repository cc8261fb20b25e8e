namespace MassTransit;

/// <summary>How records are fetched from the brokers.</summary>
public interface IKafkaFetchConfigurator
{
    /// <summary>How long a broker may wait to gather <see cref="MinBytes"/> (<c>fetch.wait.max.ms</c>). Default: 500 ms.</summary>
    TimeSpan? WaitMaxInterval { set; }

    /// <summary>How much a broker gathers before it answers (<c>fetch.min.bytes</c>). Default: 1 byte, that is at once.</summary>
    int? MinBytes { set; }

    /// <summary>How much one answer holds at the most (<c>fetch.max.bytes</c>). Default: 52,428,800 bytes.</summary>
    int? MaxBytes { set; }

    /// <summary>How much of one partition it holds (<c>max.partition.fetch.bytes</c>). Default: 1,048,576 bytes; a larger record still comes.</summary>
    int? MaxPartitionBytes { set; }

    /// <summary>The pause of a partition after a failed fetch (<c>fetch.error.backoff.ms</c>). Default: 500 ms.</summary>
    TimeSpan? ErrorBackoffInterval { set; }
}
