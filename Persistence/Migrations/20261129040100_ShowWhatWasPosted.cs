using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>A mail's tags and its addresses as they were posted, and indexes by which mails are listed.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129040100_ShowWhatWasPosted")]
    public partial class ShowWhatWasPosted : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                ALTER TABLE email.mails ADD COLUMN posted jsonb NULL, ADD COLUMN tags jsonb NULL;
                COMMENT ON COLUMN email.mails.posted IS 'from, to, cc, bcc and reply_to as they were posted, where they say more than sender and mail_recipients do: names, or a reply_to. Null else.';
                COMMENT ON COLUMN email.mails.tags IS 'The mail''s tags, a list of texts and of {name, value}; null where it has none.';

                -- No index has what changes when a mail is sent: its row changes on its own page alone. Mails without tags are in no index of tags.
                CREATE INDEX ix_mails_tags ON email.mails USING gin (tags jsonb_path_ops) WHERE tags IS NOT NULL;
                CREATE INDEX ix_mails_sender ON email.mails (lower(sender), created_at);
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP INDEX email.ix_mails_sender;
            DROP INDEX email.ix_mails_tags;
            ALTER TABLE email.mails DROP COLUMN posted, DROP COLUMN tags;
            """);
    }
}
