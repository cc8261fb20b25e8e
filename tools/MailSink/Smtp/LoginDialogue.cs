namespace MailSink.Smtp;

/// <summary>Asks for what AUTH PLAIN and AUTH LOGIN need (RFC 4954); whether it is right is for the session to say.</summary>
internal static class LoginDialogue
{
    /// <summary>How the dialogue ended: with credentials, with a refusal, or with what came instead of a line.</summary>
    public readonly record struct Outcome(Credentials? Credentials = null, SmtpReply? Refusal = null, SmtpInputKind Input = SmtpInputKind.Line);

    /// <param name="connection">Whom to ask.</param>
    /// <param name="argument">What followed AUTH: the mechanism, perhaps an initial response.</param>
    /// <param name="longest">The longest line to take.</param>
    public static async ValueTask<Outcome> RunAsync(SmtpConnection connection, string argument, int longest)
    {
        var words = argument.Split(' ', 2, StringSplitOptions.TrimEntries);
        var initial = words.Length > 1 ? words[1] : null;
        SmtpReply[]? questions = words[0].ToUpperInvariant() switch
        {
            "PLAIN" => [Replies.AskForPlain],
            "LOGIN" => [Replies.AskForUsername, Replies.AskForPassword],
            _ => null,
        };
        if (questions is null)
            return new Outcome(Refusal: Replies.UnknownMechanism);

        var responses = new List<string>();
        foreach (var question in questions)
        {
            if (responses.Count == 0 && initial is not null)
            {
                responses.Add(initial);
                continue;
            }

            connection.Write(question);
            var input = await connection.ReadLineAsync(longest);
            if (input.Kind != SmtpInputKind.Line)
                return new Outcome(Input: input.Kind);
            if (input.Text == "*")
                return new Outcome(Refusal: Replies.LoginCanceled);
            responses.Add(input.Text);
        }

        return Understand(responses) is { } credentials ? new Outcome(credentials) : new Outcome(Refusal: Replies.BadBase64);
    }

    private static Credentials? Understand(List<string> responses) => responses switch
    {
        [var response] => Credentials.FromPlain(response),
        [var name, var password] when Credentials.Decode(name) is { } username && Credentials.Decode(password) is { } secret => new Credentials(username, secret),
        _ => null,
    };
}
