using System.Text.RegularExpressions;
using Contracts;
using Contracts.Validation;

namespace Consumer.Worker.Smtp.Relays;

/// <summary>The routes of <see cref="SmtpOptions.Routes"/> in their order, and what is wrong with them. Pure.</summary>
internal static partial class RouteRules
{
    /// <summary>The routes by their numbers.</summary>
    public static IEnumerable<(string Key, MailRouteOptions Route)> InOrder(SmtpOptions options) =>
        options.Routes.OrderBy(route => route.Key, ConfigurationKeyComparer.Instance).Select(route => (route.Key, route.Value));

    /// <summary>Whether a mail takes a route.</summary>
    /// <param name="route">The route.</param>
    /// <param name="sender">The sender's address.</param>
    /// <param name="tags">The mail's tags.</param>
    public static bool Fits(MailRouteOptions route, string sender, IReadOnlyList<MailTag> tags) =>
        (string.IsNullOrEmpty(route.SenderDomain) || MailAddresses.Comparable(MailAddresses.DomainOf(sender)) == MailAddresses.Comparable(route.SenderDomain))
        && (string.IsNullOrEmpty(route.Tag) || tags.Any(tag => tag.IsCalled(route.Tag)));

    /// <summary>What is wrong with the relays and their routes, by the key to look at.</summary>
    public static IEnumerable<(string Key, string Problem)> Problems(SmtpOptions options)
    {
        foreach (var name in options.Relays.Keys)
        {
            var key = $"{nameof(SmtpOptions.Relays)}:{name}";
            if (string.Equals(name, SmtpOptions.DefaultRelay, StringComparison.OrdinalIgnoreCase))
                yield return (key, $"allowed: any other name. {SmtpOptions.DefaultRelay} is the relay that {SmtpOptions.Section}:{nameof(SmtpOptions.Host)} and the keys beside it describe; give this one a name of its own, or move its keys there.");
            else if (!RelayName().IsMatch(name))
                yield return (key, "allowed: names of up to 40 letters, digits, hyphens and underscores, which are the same in capitals. Use one such as bulk.");
        }

        var before = new List<MailRouteOptions>();
        foreach (var (number, route) in InOrder(options))
        {
            foreach (var (name, problem) in Problems(options, route, before))
                yield return ($"{nameof(SmtpOptions.Routes)}:{number}:{name}", problem);
            before.Add(route);
        }
    }

    private static IEnumerable<(string Name, string Problem)> Problems(SmtpOptions options, MailRouteOptions route, List<MailRouteOptions> before)
    {
        foreach (var (name, relay) in new[] { (nameof(route.Relay), route.Relay), (nameof(route.SecondRelay), route.SecondRelay) })
        {
            if (!string.IsNullOrEmpty(relay) && !Same(relay, SmtpOptions.DefaultRelay) && !options.Relays.ContainsKey(relay))
                yield return (name, $"allowed: {string.Join(", ", options.Relays.Keys.Select(key => key.ToLowerInvariant()).Prepend(SmtpOptions.DefaultRelay))}. There is no relay \"{relay}\"; correct the name, or describe it in {SmtpOptions.Section}:{nameof(SmtpOptions.Relays)}:{relay}.");
        }

        if (!string.IsNullOrEmpty(route.SecondRelay) && Same(route.SecondRelay, route.Relay))
            yield return (nameof(route.SecondRelay), $"allowed: another relay than {route.Relay}, which is unavailable when the second is asked for. Name another one, or remove this.");
        if (!string.IsNullOrEmpty(route.SenderDomain) && (route.SenderDomain.Contains('@', StringComparison.Ordinal) || !EmailAddress.TryParse($"a@{route.SenderDomain}", out _)))
            yield return (nameof(route.SenderDomain), $"allowed: a domain. \"{route.SenderDomain}\" is not one; use such as example.org.");
        if (before.Find(earlier => Covers(earlier, route)) is not null)
            yield return (nameof(route.Relay), "allowed: behind routes that leave some of its mails. An earlier one takes all of them; remove this one, or give it a lower number.");
    }

    private static bool Covers(MailRouteOptions earlier, MailRouteOptions route) =>
        (string.IsNullOrEmpty(earlier.SenderDomain) || (!string.IsNullOrEmpty(route.SenderDomain) && MailAddresses.Comparable(earlier.SenderDomain) == MailAddresses.Comparable(route.SenderDomain)))
        && (string.IsNullOrEmpty(earlier.Tag) || earlier.Tag == route.Tag);

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex("^[A-Za-z0-9_-]{1,40}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RelayName();
}
