namespace Consumer.Worker.Smtp;

/// <summary>
/// Sends what is for recipients that <see cref="RecipientRules"/> does not allow to <see cref="SmtpOptions.RedirectTo"/>, once for all of them, with
/// their addresses in the header <see cref="Header"/>. Mails that go to their own recipients have no such header: it would tell of blind copies.
/// </summary>
internal sealed class RedirectingSender(ISmtpSender sender, RecipientRules rules, string redirectTo) : ISmtpSender
{
    /// <summary>Names a recipient the mail was for, one field for each (as Postfix does where it rewrites a recipient).</summary>
    public const string Header = "X-Original-To";

    /// <inheritdoc />
    public async Task<SendResult> SendAsync(OutgoingMail mail, IReadOnlyList<string> recipients, Action beforeData, CancellationToken cancellationToken)
    {
        var allowed = recipients.Where(rules.Allows).ToList();
        // One of the two at a time: the caller asks again with those that are missing in the result.
        if (allowed.Count > 0)
            return await sender.SendAsync(mail, allowed, beforeData, cancellationToken);

        foreach (var recipient in recipients)
            mail.Message.Headers.Add(HeaderLines.Text(Header, recipient));
        try
        {
            var result = await sender.SendAsync(mail, [redirectTo], beforeData, cancellationToken);
            var one = result.Recipients[0];
            var reply = one.Reply is null ? null : one.Reply with { Text = $"to {redirectTo} instead (Smtp:RedirectTo): {one.Reply.Text}" };
            return result with { Recipients = [.. recipients.Select(recipient => one with { Address = recipient, Reply = reply })] };
        }
        finally
        {
            mail.Message.Headers.RemoveAll(Header);
        }
    }
}
