using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>Dead and scheduled mails are listed by an index in the order of the list.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129181000_ListByOutboxEntry")]
    public partial class ListByOutboxEntry : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE INDEX ix_mails_outbox_created ON email.mails (outbox_entry, created_at, id) WHERE outbox_entry IS NOT NULL;
            """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP INDEX email.ix_mails_outbox_created;
            """);
    }
}
