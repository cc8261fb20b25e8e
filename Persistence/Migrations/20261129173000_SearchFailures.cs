using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>Failures are found by sender, recipient, domain, reply code, exception, topic, key, tag and words.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129173000_SearchFailures")]
    public partial class SearchFailures : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                ALTER TABLE email.failures
                    ADD COLUMN subject text NULL,
                    ADD COLUMN sender text NULL,
                    ADD COLUMN recipients text[] NOT NULL DEFAULT '{}',
                    ADD COLUMN domains text[] NOT NULL DEFAULT '{}',
                    ADD COLUMN reply_codes text[] NOT NULL DEFAULT '{}',
                    ADD COLUMN search_terms text[] NOT NULL DEFAULT '{}';
                COMMENT ON COLUMN email.failures.subject IS 'The mail''s subject, where its record could be read.';
                COMMENT ON COLUMN email.failures.sender IS 'The address the mail is from, where its record could be read.';
                COMMENT ON COLUMN email.failures.recipients IS 'Addresses that had not got the mail, in lower case.';
                COMMENT ON COLUMN email.failures.domains IS 'The domains of those addresses.';
                COMMENT ON COLUMN email.failures.reply_codes IS 'Codes of the mail server''s replies: 550 5.1.1, or 550 without an enhanced code.';
                COMMENT ON COLUMN email.failures.search_terms IS 'What it is found by: s:sender, r:recipient, d:domain, c:code, x:exception type, o:topic, k:key, t:tag; cut at 512 characters.';

                -- Of failures from before: what the rows of their mails say, and codes of their messages.
                UPDATE email.failures AS f SET subject = m.subject, sender = m.sender FROM email.mails AS m WHERE m.id = f.mail_id;
                UPDATE email.failures AS f SET recipients = r.addresses, domains = r.domains, reply_codes = r.codes
                FROM (
                    SELECT mail_id, array_agg(DISTINCT lower(address)) AS addresses,
                        coalesce(array_agg(DISTINCT substring(lower(address) FROM '@([^@]+)$')) FILTER (WHERE address LIKE '%_@_%'), '{}') AS domains,
                        coalesce(array_agg(DISTINCT reply_code || coalesce(' ' || enhanced_code, '')) FILTER (WHERE reply_code IS NOT NULL AND outcome IN ('rejected', 'deferred')), '{}') AS codes
                    FROM email.mail_recipients WHERE outcome <> 'accepted' AND mail_id IN (SELECT mail_id FROM email.failures) GROUP BY mail_id) AS r
                WHERE r.mail_id = f.mail_id;
                UPDATE email.failures SET reply_codes = ARRAY[substring(message FROM '^[45][0-9]{2}(?: [45]\.[0-9]{1,3}\.[0-9]{1,3})?')]
                WHERE reply_codes = '{}' AND message ~ '^[45][0-9]{2} ';
                UPDATE email.failures AS f SET search_terms = ARRAY(SELECT DISTINCT left(t, 512) FROM (
                    SELECT 'r:' || unnest(f.recipients)
                    UNION ALL SELECT 'd:' || unnest(f.domains)
                    UNION ALL SELECT 'c:' || unnest(f.reply_codes)
                    UNION ALL SELECT 'c:' || unnest(string_to_array(c, ' ')) FROM unnest(f.reply_codes) AS c
                    UNION ALL SELECT 's:' || lower(f.sender)
                    UNION ALL SELECT 'x:' || f.exception_type
                    UNION ALL SELECT 'o:' || f.original_topic
                    UNION ALL SELECT 'k:' || m.key FROM email.mails AS m WHERE m.id = f.mail_id
                    UNION ALL SELECT 't:' || CASE jsonb_typeof(tag) WHEN 'string' THEN tag #>> '{}' ELSE tag ->> 'name' END
                        FROM email.mails AS m, jsonb_array_elements(m.tags) AS tag WHERE m.id = f.mail_id
                    UNION ALL SELECT 't:' || (tag ->> 'name') || ':' || (tag ->> 'value')
                        FROM email.mails AS m, jsonb_array_elements(m.tags) AS tag WHERE m.id = f.mail_id AND jsonb_typeof(tag) = 'object') AS terms (t)
                    WHERE t IS NOT NULL);

                CREATE INDEX ix_failures_search_terms ON email.failures USING gin (search_terms);
                CREATE INDEX ix_failures_words ON email.failures USING gin (to_tsvector('simple', coalesce(subject, '') || ' ' || left(message, 2000)));
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP INDEX email.ix_failures_words;
            DROP INDEX email.ix_failures_search_terms;
            ALTER TABLE email.failures
                DROP COLUMN search_terms, DROP COLUMN reply_codes, DROP COLUMN domains, DROP COLUMN recipients, DROP COLUMN sender, DROP COLUMN subject;
            """);
    }
}
