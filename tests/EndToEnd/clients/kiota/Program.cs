// A client that Kiota has generated, against the API. Prints a line for each step that is as it should be.
using MailDispatch;
using MailDispatch.Models;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;

using var adapter = new HttpClientRequestAdapter(new AnonymousAuthenticationProvider()) { BaseUrl = args[0].TrimEnd('/') };
var api = new MailClient(adapter);
var tag = $"kiota-{Environment.ProcessId}-{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}";

var posted = await api.Emails.PostAsync(
    new SendEmail { From = "shop@example.com", To = new SendEmail.SendEmail_to { String = [$"fine-{tag}@example.com"] }, Subject = tag, Text = "t" },
    request => request.Headers.Add("Idempotency-Key", tag));
var id = posted?.Id ?? throw new InvalidOperationException("The response has no id.");
MailReport? mail = null;
for (var left = 10; left > 0 && mail?.State != ReportedState.Sent; left--)
    mail = await api.Emails[id.ToString()].GetAsync(request => request.QueryParameters.Wait = "10s");
Check(mail is { State: ReportedState.Sent, From: "shop@example.com", Recipients: [{ Outcome: RecipientOutcome.Accepted }] }, $"the mail is {mail?.State}");
Console.WriteLine("ok post, get");

var list = await api.Emails.GetAsync(request => (request.QueryParameters.Recipient, request.QueryParameters.Limit) = ($"fine-{tag}@example.com", "5"));
Check(list is { Data: [{ } listed] } && listed.Id == id, "the list has not the mail");
Console.WriteLine("ok list");

try
{
    await api.Emails.PostAsync(new SendEmail { From = "shop@example.com", To = new SendEmail.SendEmail_to { String = ["nobody"] }, Subject = "s", Text = "t" });
    throw new InvalidOperationException("A mail that is not valid was accepted.");
}
catch (Problem problem)
{
    Check(problem is { Code: Problem_code.Validation_failed, Errors: [{ Field: "to" }] }, $"the problem is {problem.Code}");
    Console.WriteLine("ok errors");
}

static void Check(bool holds, string what)
{
    if (!holds)
        throw new InvalidOperationException(what);
}
