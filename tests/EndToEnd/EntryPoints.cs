using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using Testing;

namespace EndToEnd;

/// <summary>What a user does with the system, in the words of the tests.</summary>
internal static class EntryPoints
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>An address that no other test uses; the sink fails as its local part says, and counts by address.</summary>
    public static string Address(string localPart) => $"{localPart}@{Guid.NewGuid().ToString("N")[..10]}.example.com";

    /// <summary>Posts a mail and returns its id.</summary>
    public static async Task<string> AcceptAsync(this DevStack stack, string to, string subject = "Hello")
    {
        using var response = await stack.Api.PostAsJsonAsync("/emails", new { from = "a@example.com", to, subject, text = "It works." });
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, await response.Content.ReadAsStringAsync());
        return (await response.JsonAsync())["id"].ShouldNotBeNull().GetValue<string>();
    }

    /// <summary>Posts a mail that is to be sent later and returns its id.</summary>
    public static async Task<string> ScheduleAsync(this DevStack stack, string to, DateTimeOffset due)
    {
        var mail = new { from = "a@example.com", to, subject = "Later", text = "It works.", scheduled_at = due };
        return (await stack.PostAsync("/emails", mail, HttpStatusCode.Accepted))["id"].ShouldNotBeNull().GetValue<string>();
    }

    /// <summary>Waits until a mail is in a state and returns all that is known of it.</summary>
    public static Task<JsonNode> BecomesAsync(this DevStack stack, string id, string state) => Eventually.Value(
        async () => await stack.GetAsync($"/emails/{id}"),
        mail => mail.Text("state") == state,
        Deadline,
        $"mail {id} is {state}");

    /// <summary>Waits until the failure of a mail is there.</summary>
    public static async Task<JsonNode> FailureOfAsync(this DevStack stack, string mail)
    {
        var page = await Eventually.Value(
            async () => await stack.GetAsync($"/failures?mail_id={mail}"),
            failures => failures["items"]!.AsArray().Count > 0,
            Deadline,
            $"a failure of mail {mail}");
        return await stack.GetAsync($"/failures/{page["items"]!.AsArray().ShouldHaveSingleItem()!.Text("id")}");
    }

    /// <summary>The mails that the sink has for a recipient.</summary>
    public static async Task<JsonArray> MailsToAsync(this DevStack stack, string address)
    {
        using var response = await stack.Mails.GetAsync($"/api/v1/search?query={Uri.EscapeDataString($"to:{address}")}");
        return (await response.JsonAsync())["messages"]!.AsArray();
    }

    public static async Task<JsonNode> GetAsync(this DevStack stack, string path)
    {
        using var response = await stack.Api.GetAsync(path);
        var body = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBe(HttpStatusCode.OK, body);
        return JsonNode.Parse(body)!;
    }

    public static async Task<JsonNode> PostAsync(this DevStack stack, string path, object body, HttpStatusCode expected)
    {
        using var response = await stack.Api.PostAsJsonAsync(path, body);
        response.StatusCode.ShouldBe(expected, await response.Content.ReadAsStringAsync());
        return await response.JsonAsync();
    }

    public static string? Text(this JsonNode node, string name) => node[name]?.ToString();

    private static async Task<JsonNode> JsonAsync(this HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
}
