using Persistence.Batching;

namespace Persistence.Failures;

public sealed partial class FailureStore
{
    // Each further round sees what another process wrote during the one before.
    private const int MaxRounds = 10;

    private const int ProjectedTogether = 100;
    private const int ProjectionsAtOnce = 2;

    // A statement of a hundred letters takes some twenty milliseconds; one that takes longer waits for something.
    private static readonly TimeSpan ProjectionTurn = TimeSpan.FromMilliseconds(20);

    // One letter of each mail: of the next the statement sees what the one before has left. Those without a mail are in nobody's way.
    private readonly GroupCommit<ProjectionRequest, Projection?> _projections = new(
        new ProjectionBatch(dataSource).ProjectAsync, request => request.Letter.MailId ?? Guid.NewGuid(), ProjectedTogether, new Turns(ProjectionsAtOnce, ProjectionTurn));

    /// <summary>
    /// Makes a failure row of a dead letter, in one statement, which also records the letter as published in its mail's row. Letters that are projected at the same time go together; one that Postgres refuses takes no other with it. Projecting twice
    /// changes nothing; nor does a second record of the same mail, epoch and bytes, as a crash between "produced" and "committed" leaves it:
    /// that is recorded as a copy. Other bytes under the same mail and epoch, or than the mail's, are a failure of their own, without the
    /// link: they are not lost, and the mail goes on without them.
    /// </summary>
    /// <param name="record">The dead letter.</param>
    /// <param name="isRebuild">Whether it was projected before, as far as anybody knows: nobody is told of it then, and a row that is there gets what it is found by where it lacks that.</param>
    /// <param name="cancellationToken">Gives up; nothing is projected then, or all of it.</param>
    public async Task<Projection> ProjectAsync(DeadLetter record, bool isRebuild = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(record);
        var request = new ProjectionRequest(record, FailureFacts.Of(record), Failures.Fingerprint.Of(record.ExceptionType, record.Message), isRebuild);
        for (var round = 0; round < MaxRounds; round++)
        {
            if (await _projections.WriteAsync(request, cancellationToken) is { } projection)
                return projection;
        }

        throw new InvalidOperationException(
            $"The dead letter {record.Topic}[{record.Partition}]@{record.Offset} was not settled in {MaxRounds} rounds: "
            + "it conflicts with a failure that the statement does not find.");
    }
}
