namespace Contracts.Validation;

/// <summary>Collects errors, and does not call a field missing that was given and refused.</summary>
internal sealed class ErrorList(IEnumerable<ValidationError> refused)
{
    private readonly List<ValidationError> _errors = [.. refused];

    public void Add(string path, string code, string message) => _errors.Add(new ValidationError(path, code, message));

    public void AddMissing(string path, string message, params string[] alternatives)
    {
        if (!WasRefused(path) && !alternatives.Any(WasRefused))
            Add(path, ValidationCodes.Required, message);
    }

    public IReadOnlyList<ValidationError> ToList() => _errors;

    private bool WasRefused(string field) =>
        _errors.Exists(error => error.Path == field || error.Path.StartsWith(field + "[", StringComparison.Ordinal));
}
