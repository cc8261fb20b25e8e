# `up --local`: what the machine has, and our own tools, as processes of ours. Sourced by ./dev.
# shellcheck shell=bash

# The order in which they end: first those that use the others.
local_processes=(build migrate consumer-worker producer-api mail-sink kafka postgres)

dll() { echo "$root/$1/bin/Debug/net10.0/$(basename "$1").dll"; } # project folder

left_behind() { # of those, the ones that run, whoever started them
  local name pid running=()
  for name in "${local_processes[@]}"; do
    ! pid=$(pid_of "$name") || running+=("$name (process $pid)")
  done
  (IFS=,; echo "${running[*]}") | sed 's/,/, /g'
}

end_local() {
  local name
  for name in "${local_processes[@]}"; do
    # SIGINT is Postgres' fast shutdown: connections are cut, data is written.
    if [ "$name" = postgres ]; then end postgres INT; else end "$name"; fi
  done
}

# Without the analyzers, which are for those who change the code: `test` runs them.
build_command=(dotnet build "$root/build/services.slnf" --nologo -v quiet -clp:ErrorsOnly -nodeReuse:false -p:RunAnalyzers=false)

build_services() { "${build_command[@]}" >"$logs/build.log" 2>&1 || { tail_of build; die "the services could not be built"; }; }

# --- Postgres: a cluster of our own, empty at each start, never run by root -------------------------------------------

postgres_user() { if id postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi; }

unprivileged=()
postgres_home= # where the cluster lies
start_postgres() {
  local bin
  bin=$(postgres_bin)
  postgres_home=$run/postgres
  if [ "$(id -u)" = 0 ]; then
    need setpriv util-linux
    unprivileged=(setpriv "--reuid=$(postgres_user)" --clear-groups)
    # A checkout below a closed folder, such as /root, cannot be reached by that user.
    if ! (mkdir -p "$run" && cd / && "${unprivileged[@]}" test -x "$run") 2>/dev/null; then
      postgres_home=/var/tmp/messaging-dev-$(cksum <<<"$root" | cut -d' ' -f1)
    fi
  fi
  echo "$postgres_home" >"$run/postgres.home"
  rm -rf "$postgres_home"
  mkdir -p "$postgres_home"
  [ "$(id -u)" != 0 ] || chown "$(postgres_user)" "$postgres_home"
  (cd / && "${unprivileged[@]}" "$bin/initdb" -D "$postgres_home/data" -U postgres --auth=trust --no-sync -E UTF8 --locale=C.UTF-8) \
    >"$logs/initdb.log" 2>&1 || { tail_of initdb; die "the Postgres cluster could not be made"; }
  cd / # Postgres' user may not be able to enter the folder that we were called in
  spawn postgres "${unprivileged[@]}" "$bin/postgres" -D "$postgres_home/data" -p "$postgres_port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off
  disown
  cd "$root"
  await 30 postgres "it answers on port $postgres_port" "$bin/pg_isready" -q -h 127.0.0.1 -p "$postgres_port"
  "$bin/psql" -X -q -h 127.0.0.1 -p "$postgres_port" -U postgres -d postgres -c 'CREATE DATABASE messaging' >>"$logs/initdb.log" 2>&1 ||
    { tail_of initdb; die "the database could not be created"; }
}

# --- Kafka -----------------------------------------------------------------------------------------------------------

bootstrap_servers=
start_kafka() {
  if [ -n "${KAFKA_BOOTSTRAP_SERVERS:-}" ]; then
    bootstrap_servers=$KAFKA_BOOTSTRAP_SERVERS
    return
  fi
  program topics Consumer.Worker topics
  wait $! || { tail_of topics; die "the topics could not be listed"; }
  rm -f "$run/topics.pid"
  local topics
  mapfile -t topics <"$logs/topics.log"
  service kafka tools/InMemoryKafka "${topics[@]}"
  await 30 kafka "it prints its address" grep -qm1 '^127\.' "$logs/kafka.log"
  bootstrap_servers=$(head -n 1 "$logs/kafka.log")
}

# --- The services ----------------------------------------------------------------------------------------------------

program() { # name project [argument...]: in its own folder, where its settings are
  local name=$1 file
  file=$(dll "$2")
  shift 2
  spawn "$name" env --chdir="${file%/*}" dotnet "$file" "$@"
}

service() { # as program; bash shall not comment on its end, which we watch for ourselves
  program "$@"
  disown
}

start_service() { # name
  case $1 in
    mail-sink) Sink__SmtpPort=$smtp_port Sink__HttpPort=$mail_port service mail-sink tools/MailSink ;;
    producer-api) ASPNETCORE_URLS=http://127.0.0.1:$api_port service producer-api Producer.Api ;;
    consumer-worker) ASPNETCORE_URLS=http://127.0.0.1:$worker_port service consumer-worker Consumer.Worker ;;
  esac
}

local_up() {
  need curl
  need setsid util-linux
  need_dotnet
  local left
  left=$(left_behind)
  [ -z "$left" ] || say "a ./dev up that was killed left these behind; they are ended first: $left"
  end_local
  rm -f "$logs"/*.log
  local ports=("API_PORT=$api_port" "WORKER_PORT=$worker_port" "MAIL_PORT=$mail_port" "SMTP_PORT=$smtp_port" "POSTGRES_PORT=$postgres_port")
  check_ports "${ports[@]}"
  check_free "${ports[@]}"
  need_postgres

  at_exit end_local
  say "building and starting; logs are in ${logs#"$root"/}"
  spawn build "${build_command[@]}" # Postgres is up by the time the compiler is done
  local building=$!
  start_postgres
  wait "$building" || { tail_of build; die "the services could not be built"; }
  rm -f "$run/build.pid"
  start_kafka

  export ASPNETCORE_ENVIRONMENT=Development DOTNET_ENVIRONMENT=Development
  export Kafka__BootstrapServers=$bootstrap_servers Smtp__Host=127.0.0.1 Smtp__Port=$smtp_port
  export Database__ConnectionString="Host=127.0.0.1;Port=$postgres_port;Database=messaging;Username=postgres"
  program migrate Consumer.Worker migrate
  wait $! || { tail_of migrate; die "the database could not be brought up to date"; }
  rm -f "$run/migrate.pid"

  start_service mail-sink
  start_service producer-api
  start_service consumer-worker
  await 30 mail-sink "its page answers on port $mail_port" http_ok "http://127.0.0.1:$mail_port/"
  await 60 producer-api "it is ready on port $api_port" http_ok "http://127.0.0.1:$api_port/health/ready"
  await 60 consumer-worker "it is ready on port $worker_port" http_ok "http://127.0.0.1:$worker_port/health/ready"
}

local_ready() {
  addresses "$bootstrap_servers" "psql -h 127.0.0.1 -p $postgres_port -U postgres messaging"
  if [ -z "${KAFKA_BOOTSTRAP_SERVERS:-}" ]; then
    cat <<TEXT

  A trial without Docker: this Kafka is in memory, keeps about 5 MB a partition and forgets everything at the end. It answers
  librdkafka clients such as kcat (Debian: apt-get install kcat), not Apache's own tools:
    kcat -b $bootstrap_servers -L                                        topics
    kcat -b $bootstrap_servers -C -t email.send.dlt -o beginning -e -J   dead letters, with their headers
    echo '{"from":"a@example.com","to":"b@example.com","subject":"s","body":"text"}' | kcat -b $bootstrap_servers -P -t email.send
TEXT
  fi
}

local_watch() { # what ends by itself, or is killed by someone who wants to see what then happens, is started again
  local name
  local -A again=([mail-sink]=-60 [producer-api]=-60 [consumer-worker]=-60) # when each was started again last
  while true; do
    for name in kafka postgres; do
      [ ! -f "$run/$name.pid" ] || runs "$name" || { tail_of "$name"; die "$name ended by itself, and its data with it; so all is ended"; }
    done
    for name in "${!again[@]}"; do
      ! runs "$name" || continue
      ((SECONDS - again[$name] >= 10)) || { tail_of "$name"; die "$name ended twice within 10 s; so all is ended"; }
      say "$name ended; it is started again"
      start_service "$name"
      again[$name]=$SECONDS
    done
    sleep 1 &
    wait $! # a builtin: a signal is answered at once
  done
}
