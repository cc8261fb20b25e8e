using System.Text.RegularExpressions;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Docs;

/// <summary>The package's page on NuGet is a page apart from the manual, and must not drift from it.</summary>
public partial class PackageReadmeTests
{
    [Test]
    public void Its_sample_is_the_manuals_which_is_compiled_and_run() =>
        Sample("Messaging.Kafka/README.md").ShouldBe(Sample("docs/rider.md"));

    private static string Sample(string page)
    {
        var match = Code().Match(Checkout.Read(page));
        match.Success.ShouldBeTrue($"{page} has a sample in C#");
        return match.Groups["code"].Value;
    }

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex Code();
}
