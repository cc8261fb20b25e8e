using System.Text.RegularExpressions;
using System.Xml.Linq;
using NUnit.Framework;
using Shouldly;

namespace Testing.Tests.Docs;

/// <summary>The version stands in Directory.Build.props; what repeats it says the same.</summary>
public partial class VersionTests
{
    private static readonly string Version = XDocument.Parse(Checkout.Read("Directory.Build.props")).Descendants("Version").Single().Value;

    [TestCase("Producer.Api/Dockerfile")]
    [TestCase("Consumer.Worker/Dockerfile")]
    [TestCase("tools/MailSink/Dockerfile")]
    public void An_image_says_it(string dockerfile) =>
        Checkout.Read(dockerfile).ShouldSatisfyAllConditions(
            text => text.ShouldContain($"ARG VERSION={Version}\n"),
            text => text.ShouldContain("""org.opencontainers.image.version="$VERSION" """));

    [Test]
    public void The_newest_release_of_the_changelog_is_it() =>
        Release().Match(Checkout.Read("CHANGELOG.md")).Groups["version"].Value.ShouldBe(Version);

    [Test]
    public void The_readme_says_it() => Checkout.Read("README.md").ShouldContain($"\n{Version}: ");

    /// <summary>A heading with a version and a day; the newest is the first.</summary>
    [GeneratedRegex(@"^## \[(?<version>[0-9.]+)\] - \d{4}-\d{2}-\d{2}$", RegexOptions.Multiline, 1_000)]
    private static partial Regex Release();
}
