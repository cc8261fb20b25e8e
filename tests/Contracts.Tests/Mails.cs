namespace Contracts.Tests;

internal static class Mails
{
    public static SendEmail Valid { get; } =
        new() { From = "ann@example.com", To = ["bob@example.com"], Subject = "Hello", Text = "Good morning" };
}
