using System.Runtime.InteropServices;
using Contracts;

namespace Consumer.Worker.Smtp.Pace;

/// <summary>Who waits for a turn.</summary>
/// <param name="Stream">The mail's stream.</param>
/// <param name="Sender">Whose mails of the stream take turns with those of others; null: they go as they come.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Party(MailStream Stream, string? Sender);
