namespace Consumer.Worker.Alerts;

/// <summary>A dead letter that people should hear of.</summary>
/// <param name="FailureId">Its failure row.</param>
/// <param name="MailId">The mail, where the record named one.</param>
/// <param name="Fingerprint">What failures of one cause share.</param>
/// <param name="Cause">Exception type and message, for people.</param>
internal sealed record Alert(Guid FailureId, Guid? MailId, string Fingerprint, string Cause);

/// <summary>Takes alerts without ever waiting or failing: recording a failure must not depend on telling of it.</summary>
internal interface IAlertQueue
{
    /// <summary>Queues an alert, or counts it as left out where the queue is full.</summary>
    void Enqueue(Alert alert);
}
