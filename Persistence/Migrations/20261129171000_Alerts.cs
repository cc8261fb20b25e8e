using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>
    /// What people are told of failures is stored until it reaches them. An older worker writes no rows here, and tells of its failures
    /// itself, so that it may run beside this version.
    /// </summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261129171000_Alerts")]
    public partial class Alerts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.alert_outbox (
                    failure_id uuid NOT NULL,
                    added_at timestamptz NOT NULL DEFAULT now(),
                    CONSTRAINT pk_alert_outbox PRIMARY KEY (failure_id));

                COMMENT ON TABLE email.alert_outbox IS 'Failures that no episode counts yet: a worker takes them within seconds.';
                COMMENT ON COLUMN email.alert_outbox.failure_id IS 'The failure (failures.id).';
                COMMENT ON COLUMN email.alert_outbox.added_at IS 'When its row was written.';

                CREATE TABLE email.alert_episodes (
                    id uuid NOT NULL,
                    fingerprint text NOT NULL,
                    is_new boolean NOT NULL,
                    exception_type text NOT NULL,
                    message text NOT NULL,
                    failure_id uuid NOT NULL,
                    failures bigint NOT NULL,
                    opened_at timestamptz NOT NULL DEFAULT now(),
                    latest_at timestamptz NOT NULL DEFAULT now(),
                    over_at timestamptz NULL,
                    over_because text NULL,
                    CONSTRAINT pk_alert_episodes PRIMARY KEY (id),
                    CONSTRAINT ck_alert_episodes_over_because CHECK (over_because IN ('closed', 'quiet')));

                CREATE UNIQUE INDEX ux_alert_episodes_open ON email.alert_episodes (fingerprint) WHERE over_at IS NULL;

                COMMENT ON TABLE email.alert_episodes IS 'One row per cause and time in which it made failures, from the first of them until it was over; kept for a week after that. Alerts tell of these.';
                COMMENT ON COLUMN email.alert_episodes.id IS 'The episode''s id.';
                COMMENT ON COLUMN email.alert_episodes.fingerprint IS 'What its failures share (failures.fingerprint). One episode of a fingerprint goes on at a time.';
                COMMENT ON COLUMN email.alert_episodes.is_new IS 'Whether no failure of this fingerprint was stored before.';
                COMMENT ON COLUMN email.alert_episodes.exception_type IS 'The type of the exception of its first failure.';
                COMMENT ON COLUMN email.alert_episodes.message IS 'The beginning of that exception''s message.';
                COMMENT ON COLUMN email.alert_episodes.failure_id IS 'Its first failure (failures.id), which retention may have removed.';
                COMMENT ON COLUMN email.alert_episodes.failures IS 'How many failures it has.';
                COMMENT ON COLUMN email.alert_episodes.opened_at IS 'When its first failure was noticed.';
                COMMENT ON COLUMN email.alert_episodes.latest_at IS 'When its latest failure was noticed.';
                COMMENT ON COLUMN email.alert_episodes.over_at IS 'When it was over; null while it goes on.';
                COMMENT ON COLUMN email.alert_episodes.over_because IS 'closed (no failure of the cause waits any more) or quiet (no new one came for Alerts:QuietAfter); null while it goes on.';

                CREATE TABLE email.alert_channels (
                    channel text NOT NULL,
                    since timestamptz NOT NULL DEFAULT now(),
                    seen_at timestamptz NOT NULL DEFAULT now(),
                    posted_at timestamptz NULL,
                    CONSTRAINT pk_alert_channels PRIMARY KEY (channel));

                COMMENT ON TABLE email.alert_channels IS 'One row per channel that some worker had: slack, webhook, email, teams, alertmanager.';
                COMMENT ON COLUMN email.alert_channels.channel IS 'The channel.';
                COMMENT ON COLUMN email.alert_channels.since IS 'Since when it is there: it is not told of episodes that were over before.';
                COMMENT ON COLUMN email.alert_channels.seen_at IS 'When a worker had it last, as of a minute ago.';
                COMMENT ON COLUMN email.alert_channels.posted_at IS 'When the latest post to it was made; the next one follows Alerts:DigestInterval later.';

                CREATE TABLE email.alert_told (
                    episode_id uuid NOT NULL,
                    channel text NOT NULL,
                    failures bigint NOT NULL,
                    is_over boolean NOT NULL,
                    CONSTRAINT pk_alert_told PRIMARY KEY (episode_id, channel),
                    CONSTRAINT fk_alert_told_episode FOREIGN KEY (episode_id) REFERENCES email.alert_episodes (id) ON DELETE CASCADE);

                COMMENT ON TABLE email.alert_told IS 'What of an episode is in a channel''s posts.';
                COMMENT ON COLUMN email.alert_told.episode_id IS 'The episode (alert_episodes.id).';
                COMMENT ON COLUMN email.alert_told.channel IS 'The channel (alert_channels.channel).';
                COMMENT ON COLUMN email.alert_told.failures IS 'How many of its failures.';
                COMMENT ON COLUMN email.alert_told.is_over IS 'Whether that it was over.';

                CREATE TABLE email.alert_posts (
                    id uuid NOT NULL,
                    channel text NOT NULL,
                    digest jsonb NOT NULL,
                    created_at timestamptz NOT NULL DEFAULT now(),
                    tries integer NOT NULL DEFAULT 0,
                    next_try_at timestamptz NOT NULL DEFAULT now(),
                    last_error text NULL,
                    sent_at timestamptz NULL,
                    given_up_at timestamptz NULL,
                    CONSTRAINT pk_alert_posts PRIMARY KEY (id));

                CREATE UNIQUE INDEX ux_alert_posts_pending ON email.alert_posts (channel) WHERE sent_at IS NULL AND given_up_at IS NULL;

                COMMENT ON TABLE email.alert_posts IS 'One row per post to a channel, kept for a week. One of a channel is on its way at a time; what comes meanwhile is in the next.';
                COMMENT ON COLUMN email.alert_posts.id IS 'Its id, the same in each try; the webhook-id of the webhook.';
                COMMENT ON COLUMN email.alert_posts.channel IS 'Where it goes (alert_channels.channel).';
                COMMENT ON COLUMN email.alert_posts.digest IS 'What it says, from which each try writes it in the channel''s form.';
                COMMENT ON COLUMN email.alert_posts.created_at IS 'When it was made.';
                COMMENT ON COLUMN email.alert_posts.tries IS 'How often it was tried.';
                COMMENT ON COLUMN email.alert_posts.next_try_at IS 'When it is tried next; while a worker is at it, when another may try.';
                COMMENT ON COLUMN email.alert_posts.last_error IS 'Why the latest try failed; null where it did not.';
                COMMENT ON COLUMN email.alert_posts.sent_at IS 'When it reached its channel; null where it did not.';
                COMMENT ON COLUMN email.alert_posts.given_up_at IS 'When it was given up, after Alerts:GiveUpAfter or as one that the channel never takes; null where it was not.';

                CREATE INDEX ix_failures_open ON email.failures (fingerprint) WHERE status IN ('unresolved', 'replayed');
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            DROP INDEX email.ix_failures_open;
            DROP TABLE email.alert_posts;
            DROP TABLE email.alert_told;
            DROP TABLE email.alert_channels;
            DROP TABLE email.alert_episodes;
            DROP TABLE email.alert_outbox;
            """);
    }
}
