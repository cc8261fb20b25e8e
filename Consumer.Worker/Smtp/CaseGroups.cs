namespace Consumer.Worker.Smtp;

/// <summary>
/// Recipients for one transaction each. <c>john@</c> and <c>John@</c> may be two people (RFC 5321, section 2.4), and MailKit, which compares
/// without case, would ask for one of them alone.
/// </summary>
internal static class CaseGroups
{
    /// <summary>The recipients in as few groups as it takes, almost always one; of each mailbox all spellings are in the same group.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Of(IReadOnlyList<string> recipients)
    {
        var groups = new List<(List<string> Recipients, Dictionary<string, string> Identities)>();
        foreach (var recipient in recipients)
        {
            var identity = MailAddresses.Parse(recipient).Identity;
            var group = groups.Find(group => !group.Identities.TryGetValue(identity, out var other) || other == identity);
            if (group.Recipients is null)
            {
                group = ([], new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase));
                groups.Add(group);
            }

            group.Identities[identity] = identity;
            group.Recipients.Add(recipient);
        }

        return groups.Count == 0 ? [recipients] : groups.ConvertAll(IReadOnlyList<string> (group) => group.Recipients);
    }
}
