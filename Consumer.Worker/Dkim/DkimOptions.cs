using System.ComponentModel.DataAnnotations;

namespace Consumer.Worker.Dkim;

/// <summary>Section <c>Dkim</c>: the keys that mails are signed with (RFC 6376).</summary>
internal sealed class DkimOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Dkim";

    /// <summary>
    /// The keys: for each, under a name of one's own, <c>Domain</c>, <c>Selector</c> and <c>KeyFile</c> (<c>Dkim:Keys:shop:Domain</c>). A mail is signed
    /// with all keys of its sender's domain, or of the nearest domain above. Default none: mails are not signed.
    /// </summary>
    public IReadOnlyDictionary<string, string> Keys { get; set; } = new Dictionary<string, string>();

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext) =>
        DkimKey.ReadAll(Keys).Where(read => read.Problem is not null).Select(read => new ValidationResult(read.Problem, [read.Option]));
}
