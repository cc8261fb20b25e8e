using System.Text.RegularExpressions;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Persistence.Tests.Queries;

/// <summary>Every query of docs/operations.md runs on this build's store.</summary>
public sealed partial class OperationsQueriesTests : StoreTests
{
    private static IEnumerable<string> Queries() =>
        Query().Matches(Checkout.Read("docs/operations.md")).Select(match => match.Groups["sql"].Value)
            .Concat(Inline().Matches(Checkout.Read("docs/operations.md")).Select(match => match.Groups["sql"].Value));

    [TestCaseSource(nameof(Queries))]
    public async Task Each_query_of_the_page_runs(string sql)
    {
        await using var connection = await Store.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new Npgsql.NpgsqlCommand(sql, connection, transaction))
            await command.ExecuteNonQueryAsync();
        await transaction.RollbackAsync();
    }

    [Test]
    public void The_page_has_queries() => Queries().Count().ShouldBeGreaterThan(8);

    [GeneratedRegex(@"^```sql\n(?<sql>.*?)```", RegexOptions.Singleline | RegexOptions.Multiline, 1_000)]
    private static partial Regex Query();

    [GeneratedRegex("`(?<sql>(?:ALTER|SELECT|UPDATE) [^`]+;)`", RegexOptions.None, 1_000)]
    private static partial Regex Inline();
}
