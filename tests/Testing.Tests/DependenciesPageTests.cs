using System.Xml.Linq;
using NUnit.Framework;
using Shouldly;

namespace Testing.Tests;

public sealed class DependenciesPageTests
{
    [Test]
    public void Every_package_says_why_it_is_there()
    {
        var page = Checkout.Read("docs/dependencies.md");
        var packages = XDocument.Parse(Checkout.Read("Directory.Packages.props")).Descendants("PackageVersion").Select(package => package.Attribute("Include")!.Value).ToList();

        packages.ShouldNotBeEmpty();
        packages.Where(package => !page.Contains($"`{package}`", StringComparison.Ordinal)).ShouldBeEmpty("these are not in docs/dependencies.md");
    }
}
