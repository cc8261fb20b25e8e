namespace Contracts.Validation;

/// <summary>
/// Collects errors, the first <see cref="SendEmailLimits.Errors"/> of them, and does not call a field missing that was given and refused.
/// </summary>
internal sealed class ErrorList
{
    private readonly List<ValidationError> _errors = [];
    private HashSet<string>? _refused;
    private int _more;

    /// <param name="unread">The fields that were refused while the mail was read.</param>
    public ErrorList(IReadOnlyList<UnreadField> unread)
    {
        foreach (var field in unread)
        {
            (_refused ??= new HashSet<string>(StringComparer.Ordinal)).Add(field.Name);
            foreach (var error in field.Errors)
                Add(error.Path, error.Code, error.Message);
            _more += field.MoreErrors;
        }
    }

    public void Add(string path, string code, string message)
    {
        if (_errors.Count < SendEmailLimits.Errors)
            _errors.Add(new ValidationError(Texts.Cut(path, SendEmailLimits.ErrorPathLength), code, message));
        else
            _more++;
    }

    public void AddMissing(string path, string message, params ReadOnlySpan<string> alternatives)
    {
        if (WasRefused(path))
            return;
        foreach (var alternative in alternatives)
        {
            if (WasRefused(alternative))
                return;
        }

        Add(path, ValidationCodes.Required, message);
    }

    /// <summary>Adds an error and returns true where a list is longer than allowed: then nobody looks at its items.</summary>
    public bool AddTooMany(string path, int count, int limit)
    {
        if (count <= limit)
            return false;

        Add(path, ValidationCodes.TooMany, TooMany(count, limit));
        return true;
    }

    public static string TooMany(int count, int limit) => $"holds {count}; at most {limit} are allowed";

    public IReadOnlyList<ValidationError> ToList() => _more == 0
        ? _errors
        : [.. _errors, new ValidationError("mail", ValidationCodes.MoreErrors, $"has {_more} more errors, which are not listed; fix these first")];

    private bool WasRefused(string path) => _refused is not null && _refused.Contains(path);
}
