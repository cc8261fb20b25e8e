using System.ComponentModel.DataAnnotations;

namespace Consumer.Worker.Smtp.Relays;

/// <summary>Section <c>Smtp:Routes:NUMBER</c>: which mails go by which relay. With neither condition it fits every mail, and is the last.</summary>
internal sealed class MailRouteOptions
{
    /// <summary>The domain of the sender's address; those below it are others. None: any.</summary>
    public string? SenderDomain { get; set; }

    /// <summary>A tag of the mail, as <c>GET /emails?tag=</c> takes it: its name, or its name and value with a colon between them. None: any.</summary>
    public string? Tag { get; set; }

    /// <summary>The relay that such mails go by.</summary>
    [Required(ErrorMessage = "Name the relay that such mails go by.")]
    public string Relay { get; set; } = "";

    /// <summary>The relay that they go by while the first one is unavailable. None: they wait.</summary>
    public string? SecondRelay { get; set; }
}
