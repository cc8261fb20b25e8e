namespace Testing;

/// <summary>The checkout that the tests were built in.</summary>
public static class Checkout
{
    /// <summary>Its folder: the nearest above the tests that has the solution.</summary>
    public static string Root { get; } = Find();

    /// <summary>Reads a file of it.</summary>
    /// <param name="path">The path below <see cref="Root"/>.</param>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Messaging.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException($"No Messaging.sln above {AppContext.BaseDirectory}");
        return folder;
    }
}
