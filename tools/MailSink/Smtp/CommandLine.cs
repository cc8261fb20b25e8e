namespace MailSink.Smtp;

/// <summary>A command line cut into its verb, in upper case, and what follows it.</summary>
internal readonly record struct CommandLine(string Verb, string Argument)
{
    public static CommandLine Parse(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        return space < 0
            ? new CommandLine(line.ToUpperInvariant(), "")
            : new CommandLine(line[..space].ToUpperInvariant(), line[(space + 1)..].Trim());
    }
}
