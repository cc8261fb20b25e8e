using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>The database says which versions may use it, so that services of the version before run beside those of the next.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261128192000_SchemaCompatibility")]
    public partial class SchemaCompatibility : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.schema_compatibility (
                    single boolean NOT NULL DEFAULT true,
                    compatible_from text NOT NULL,
                    CONSTRAINT pk_schema_compatibility PRIMARY KEY (single),
                    CONSTRAINT ck_schema_compatibility_single CHECK (single));

                INSERT INTO email.schema_compatibility (compatible_from) VALUES ('20261128192000_SchemaCompatibility');

                COMMENT ON TABLE email.schema_compatibility IS 'The oldest version that works with this schema: one row. A migration that takes something away, or changes its meaning, writes its own name here.';
                COMMENT ON COLUMN email.schema_compatibility.single IS 'Always true: there is one row.';
                COMMENT ON COLUMN email.schema_compatibility.compatible_from IS 'The last migration of the oldest version that works with this schema.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE email.schema_compatibility;");
    }
}
