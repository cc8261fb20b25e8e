using Microsoft.EntityFrameworkCore;

namespace Persistence.Text;

/// <summary>Functions of Postgres in queries.</summary>
internal static class SqlFunctions
{
    /// <summary>Lower case by the rules of the database, as the index on addresses has it.</summary>
    [DbFunction("lower", IsBuiltIn = true)]
    public static string Lower(string text) => throw new NotSupportedException($"lower({text}) is for queries alone.");
}
