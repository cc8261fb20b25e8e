using System.Globalization;

namespace Testing;

/// <summary>The machine's own Postgres.</summary>
/// <param name="Directory">Where <c>initdb</c> and <c>postgres</c> are.</param>
internal sealed record PostgresBinaries(string Directory)
{
    public const string Missing = "no PostgreSQL is installed (Debian: apt-get install postgresql)";

    // Debian keeps a folder per version, outside PATH.
    private const string DebianVersions = "/usr/lib/postgresql";

    /// <summary>The newest, or null.</summary>
    public static PostgresBinaries? Find()
    {
        var versions = System.IO.Directory.Exists(DebianVersions)
            ? System.IO.Directory.GetDirectories(DebianVersions)
                .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0)
                .Select(folder => Path.Combine(folder, "bin"))
            : [];
        var path = Environment.GetEnvironmentVariable("PATH")?.Split(':') ?? [];
        return versions.Concat(path).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb"))) is { } found
            ? new PostgresBinaries(found)
            : null;
    }

    public string PathOf(string program) => Path.Combine(Directory, program);
}
