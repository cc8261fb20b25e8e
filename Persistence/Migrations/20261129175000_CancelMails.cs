using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>Operations that cancel mails: their set is mails, and not failures.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129175000_CancelMails")]
    public partial class CancelMails : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                ALTER TABLE email.operations DROP CONSTRAINT ck_operations_action;
                ALTER TABLE email.operations ADD CONSTRAINT ck_operations_action CHECK (action IN ('replay', 'discard', 'restore', 'cancel'));
                COMMENT ON TABLE email.operations IS 'One row per operation: what a person did, or does, with many failures, or mails, at once.';
                COMMENT ON COLUMN email.operations.action IS 'replay, discard, restore (these are of failures) or cancel (of mails).';
                COMMENT ON COLUMN email.operations.filter IS 'The filter that its failures, or mails, were chosen by when it began; null where their ids were given.';
                COMMENT ON COLUMN email.operations.rate_per_second IS 'How many a second at most; null: as fast as it goes.';
                COMMENT ON COLUMN email.operations.matched IS 'How many failures, or mails, its set has.';

                ALTER TABLE email.operation_items ALTER COLUMN failure_id DROP NOT NULL;
                ALTER TABLE email.operation_items ADD COLUMN mail_id uuid NULL;
                ALTER TABLE email.operation_items ADD CONSTRAINT ck_operation_items_one CHECK (num_nonnulls(failure_id, mail_id) = 1);
                COMMENT ON COLUMN email.operation_items.failure_id IS 'The failure (failures.id, which may be removed since); null of a cancel.';
                COMMENT ON COLUMN email.operation_items.mail_id IS 'The mail (mails.id) of a cancel.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DELETE FROM email.operation_items WHERE mail_id IS NOT NULL;
            DELETE FROM email.operations WHERE action = 'cancel';
            ALTER TABLE email.operation_items DROP CONSTRAINT ck_operation_items_one;
            ALTER TABLE email.operation_items DROP COLUMN mail_id;
            ALTER TABLE email.operation_items ALTER COLUMN failure_id SET NOT NULL;
            ALTER TABLE email.operations DROP CONSTRAINT ck_operations_action;
            ALTER TABLE email.operations ADD CONSTRAINT ck_operations_action CHECK (action IN ('replay', 'discard', 'restore'));
            COMMENT ON TABLE email.operations IS 'One row per operation: what a person did, or does, with many failures at once.';
            COMMENT ON COLUMN email.operations.action IS 'replay, discard or restore.';
            COMMENT ON COLUMN email.operations.filter IS 'The filter that its failures were chosen by when it began; null where their ids were given.';
            COMMENT ON COLUMN email.operations.rate_per_second IS 'How many failures a second at most; null: as fast as it goes.';
            COMMENT ON COLUMN email.operations.matched IS 'How many failures its set has.';
            COMMENT ON COLUMN email.operation_items.failure_id IS 'The failure (failures.id, which may be removed since).';
            """);
    }
}
