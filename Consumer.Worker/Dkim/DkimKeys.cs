using Consumer.Worker.Smtp;
using Microsoft.Extensions.Options;
using MimeKit;
using MimeKit.Cryptography;

namespace Consumer.Worker.Dkim;

/// <summary>Signs mails with the keys of their sender's domain (RFC 6376). Keys are read at the start.</summary>
internal sealed class DkimKeys
{
    /// <summary>What RFC 6376 section 5.4.1 advises to sign, the message's id and MIME-Version, and the one-click unsubscription, which RFC 8058 wants signed.</summary>
    private static readonly string[] Advised =
    [
        "From", "Reply-To", "Subject", "Date", "To", "Cc", "Message-ID", "In-Reply-To", "References", "MIME-Version",
        "List-Id", "List-Help", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Subscribe", "List-Post", "List-Owner", "List-Archive",
    ];

    private readonly ILookup<string, DkimKey> _keys;

    public DkimKeys(IOptions<DkimOptions> options)
        : this(DkimKey.ReadAll(options.Value.Keys).Select(read => read.Key).OfType<DkimKey>())
    {
    }

    internal DkimKeys(IEnumerable<DkimKey> keys) => _keys = keys.ToLookup(key => key.Domain, StringComparer.OrdinalIgnoreCase);

    /// <summary>The mail, to be signed once it is known in which form it is written to the server; the mail itself where its sender has no key.</summary>
    public OutgoingMail Signed(OutgoingMail mail)
    {
        var keys = KeysOf(mail.Sender.GetAddress(idnEncode: true)).ToArray();
        return keys.Length == 0 ? mail : mail with { Sign = format => Sign(mail.Message, keys, format) };
    }

    /// <summary>Of the sender's domain, or else of the nearest one above it, which DMARC takes for aligned (RFC 7489 section 3.1.1).</summary>
    private IEnumerable<DkimKey> KeysOf(string address)
    {
        var domain = address[(address.LastIndexOf('@') + 1)..];
        while (domain.Length > 0 && !_keys.Contains(domain))
            domain = domain.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? domain[(dot + 1)..] : "";
        return _keys[domain];
    }

    private static void Sign(MimeMessage message, DkimKey[] keys, FormatOptions format)
    {
        // A mail may be sent in several forms, one after the other: with SMTPUTF8 its headers are others.
        message.Headers.RemoveAll(HeaderId.DkimSignature);
        // RFC 6376 section 5.3: what a server on the way may encode anew is encoded before it is signed.
        message.Prepare(EncodingConstraint.SevenBit);
        var headers = Advised.Where(message.Headers.Contains).ToList();
        foreach (var key in keys)
        {
            new DkimSigner(key.Key, key.Domain, key.Selector, key.Algorithm)
            {
                HeaderCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Relaxed,
                BodyCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Relaxed,
            }.Sign(format, message, headers);
        }
    }
}
