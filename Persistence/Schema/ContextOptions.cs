using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Persistence.Schema;

/// <summary>How the context uses Postgres: the same for the services, the migrator and dotnet-ef.</summary>
internal static class ContextOptions
{
    public static DbContextOptionsBuilder UseEmailSchema(this DbContextOptionsBuilder builder, DbDataSource dataSource) =>
        builder
            .UseNpgsql(dataSource, npgsql => npgsql.MigrationsHistoryTable(EmailDbContext.MigrationsTable, EmailDbContext.Schema))
            .UseSnakeCaseNamingConvention()
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking);
}

/// <summary>For <c>dotnet ef migrations add</c>, which needs the model but no database.</summary>
internal sealed class DesignTimeContextFactory : IDesignTimeDbContextFactory<EmailDbContext>
{
    public EmailDbContext CreateDbContext(string[] args)
    {
        var builder = new DbContextOptionsBuilder<EmailDbContext>();
        builder.UseEmailSchema(Npgsql.NpgsqlDataSource.Create("Host=localhost;Database=design_time"));
        return new EmailDbContext(builder.Options);
    }
}
