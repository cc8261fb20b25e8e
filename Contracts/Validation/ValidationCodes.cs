namespace Contracts.Validation;

/// <summary>The stable codes of <see cref="ValidationError.Code"/>.</summary>
public static class ValidationCodes
{
    /// <summary>The field must be given.</summary>
    public const string Required = "required";

    /// <summary>The JSON value is of another type than the field.</summary>
    public const string WrongType = "wrong_type";

    /// <summary>A mail has no such field.</summary>
    public const string UnknownField = "unknown_field";

    /// <summary>The field belongs to a later version.</summary>
    public const string NotSupported = "not_supported";

    /// <summary>The field is given more than once.</summary>
    public const string DuplicateField = "duplicate_field";

    /// <summary>Two names of one field contradict each other.</summary>
    public const string Conflict = "conflict";

    /// <summary>Not an e-mail address.</summary>
    public const string InvalidAddress = "invalid_address";

    /// <summary>A character is where none of its kind may be: a line break in a header, half a surrogate pair.</summary>
    public const string InvalidText = "invalid_text";

    /// <summary>Not the name of a header field (RFC 5322, section 2.2).</summary>
    public const string InvalidHeaderName = "invalid_header_name";

    /// <summary>The header field is made by this system from the other fields.</summary>
    public const string ReservedHeader = "reserved_header";

    /// <summary>Not a point in time with an offset.</summary>
    public const string InvalidTime = "invalid_time";

    /// <summary>A point in time that is further ahead than allowed.</summary>
    public const string TooFarAhead = "too_far_ahead";

    /// <summary>Not a stream that there is.</summary>
    public const string UnknownStream = "unknown_stream";

    /// <summary>Not base64.</summary>
    public const string InvalidBase64 = "invalid_base64";

    /// <summary>Not the name of a file: a path, or a character that no name has.</summary>
    public const string InvalidFilename = "invalid_filename";

    /// <summary>Not a media type, or one that no attachment may have.</summary>
    public const string InvalidContentType = "invalid_content_type";

    /// <summary>Not a content id, or one that another attachment of the mail has.</summary>
    public const string InvalidContentId = "invalid_content_id";

    /// <summary>Not an iCalendar object with one method.</summary>
    public const string InvalidCalendar = "invalid_calendar";

    /// <summary>Longer than allowed.</summary>
    public const string TooLong = "too_long";

    /// <summary>More than allowed.</summary>
    public const string TooMany = "too_many";

    /// <summary>Empty where something must stand.</summary>
    public const string Empty = "empty";

    /// <summary>Not of a field: the mail has more errors than are listed.</summary>
    public const string MoreErrors = "more_errors";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Required, WrongType, UnknownField, NotSupported, DuplicateField, Conflict, InvalidAddress, InvalidText, InvalidHeaderName,
        ReservedHeader, InvalidTime, TooFarAhead, UnknownStream, InvalidBase64, InvalidFilename, InvalidContentType, InvalidContentId, InvalidCalendar, TooLong, TooMany,
        Empty, MoreErrors,
    ];
}
