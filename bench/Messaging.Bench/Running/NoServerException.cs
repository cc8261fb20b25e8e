namespace Messaging.Bench.Running;

/// <summary>There is no broker, or no other server, to measure on.</summary>
internal sealed class NoServerException(string message) : Exception(message);
