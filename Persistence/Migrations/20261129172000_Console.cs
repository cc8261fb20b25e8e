using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>The keys of the console's cookies and forms, which all instances share.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129172000_Console")]
    public partial class Console : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.protection_keys (
                    name text NOT NULL CONSTRAINT pk_protection_keys PRIMARY KEY,
                    xml text NOT NULL,
                    created_at timestamptz NOT NULL DEFAULT now());

                COMMENT ON TABLE email.protection_keys IS 'The keys of the console''s cookies and forms, one row each. Without the rows everybody has to sign in again.';
                COMMENT ON COLUMN email.protection_keys.name IS 'The key''s name.';
                COMMENT ON COLUMN email.protection_keys.xml IS 'The key as ASP.NET''s data protection writes it, encrypted under Api:IdSecret where one is set.';
                COMMENT ON COLUMN email.protection_keys.created_at IS 'When it was made; a new one is every 90 days.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP TABLE email.protection_keys;
            """);
    }
}
