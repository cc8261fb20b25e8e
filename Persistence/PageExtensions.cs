namespace Persistence;

/// <summary>Pages: one row more than asked for is read, which tells whether a page follows.</summary>
internal static class PageExtensions
{
    /// <summary>Leaves the rows that were asked for.</summary>
    /// <param name="found">What was read, of up to one row more.</param>
    /// <param name="limit">How many were asked for.</param>
    /// <returns>Whether a page follows.</returns>
    public static bool CutTo<T>(this List<T> found, int limit)
    {
        if (found.Count <= limit)
            return false;
        found.RemoveRange(limit, found.Count - limit);
        return true;
    }
}
