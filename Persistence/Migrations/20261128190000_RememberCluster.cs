using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Persistence.Migrations
{
    /// <summary>The database remembers the Kafka cluster that it belongs to.</summary>
    [DbContext(typeof(EmailDbContext))]
    [Migration("20261128190000_RememberCluster")]
    public partial class RememberCluster : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE TABLE email.kafka_cluster (
                    single boolean NOT NULL DEFAULT true CONSTRAINT pk_kafka_cluster PRIMARY KEY CONSTRAINT ck_kafka_cluster_single CHECK (single),
                    cluster_id text NOT NULL,
                    adopted_by text NOT NULL,
                    adopted_at timestamptz NOT NULL DEFAULT now());

                COMMENT ON TABLE email.kafka_cluster IS 'The Kafka cluster that this database belongs to: one row. On another one, as a copy of the database meets it, nothing is sent by sweeps, replays and repairs.';
                COMMENT ON COLUMN email.kafka_cluster.single IS 'Always true: there is one row.';
                COMMENT ON COLUMN email.kafka_cluster.cluster_id IS 'The cluster''s id, as kafka-cluster.sh cluster-id prints it.';
                COMMENT ON COLUMN email.kafka_cluster.adopted_by IS 'The program, and the host, that met the cluster first or adopted it.';
                COMMENT ON COLUMN email.kafka_cluster.adopted_at IS 'When.';
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE email.kafka_cluster;");
    }
}
