using System.Globalization;
using NUnit.Framework;
using Shouldly;

namespace Testing.Tests;

public sealed class PortsTests
{
    [Test]
    public async Task No_port_is_given_twice()
    {
        var ports = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => Task.Run(Ports.Free)));

        ports.ShouldBeUnique();
    }

    [Test, Platform("Linux")]
    public void The_system_gives_none_of_them_to_a_connection_or_to_a_listener_that_asks_for_any()
    {
        var given = File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split('\t', StringSplitOptions.TrimEntries);

        Ports.Free().ShouldBeLessThan(int.Parse(given[0], CultureInfo.InvariantCulture));
    }
}
