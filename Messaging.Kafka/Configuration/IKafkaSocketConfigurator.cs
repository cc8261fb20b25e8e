namespace MassTransit;

/// <summary>The sockets to the brokers.</summary>
public interface IKafkaSocketConfigurator
{
    /// <summary>How long a request may take on the wire. Default: 60 s.</summary>
    TimeSpan? Timeout { set; }

    /// <summary>The size of a socket's send buffer in bytes. Default: 0, the system's.</summary>
    int? SendBufferBytes { set; }

    /// <summary>The size of a socket's receive buffer in bytes. Default: 0, the system's.</summary>
    int? ReceiveBufferBytes { set; }

    /// <summary>Whether TCP keep-alives are sent (<c>SO_KEEPALIVE</c>). Default: no.</summary>
    bool? KeepaliveEnable { set; }

    /// <summary>Whether small packets are sent at once (<c>TCP_NODELAY</c>). Default: yes.</summary>
    bool? NagleDisable { set; }

    /// <summary>After how many failed requests a connection is dropped; 0 never. Default: 1.</summary>
    int? MaxFails { set; }
}
