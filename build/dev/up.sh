# up, down, migrate, ledger. Sourced by ./dev.
# shellcheck shell=bash

up() {
  local start=$SECONDS mode
  [ $# -le 1 ] || die "up takes --local or --docker, and got: $*"
  mode=$(mode "${1:-}")
  mkdir -p "$logs"
  exec 9>"$run/lock"
  flock -n 9 || die "it runs already (process $(cat "$run/up.pid" 2>/dev/null | cut -d' ' -f1)); ./dev down ends it"
  remember up $$
  trap 'exit 130' INT TERM HUP
  "${mode}_up"
  {
    printf 'mode=%q api_port=%q mail_port=%q worker_port=%q smtp_port=%q ' "$mode" "$api_port" "$mail_port" "$worker_port" "$smtp_port"
    printf 'kafka_port=%q postgres_port=%q bootstrap_servers=%q\n' "$kafka_port" "$postgres_port" "$bootstrap_servers"
  } >"$run/up.env"
  at_exit 'rm -f "$run/up.env" "$run/up.pid"; "end_'"$mode"'"; say "ended"'
  trap 'say; say "ending"; exit 0' INT TERM HUP
  "${mode}_ready"
  say
  say "ready after $((SECONDS - start)) s; Ctrl-C ends it"
  "${mode}_watch"
}

addresses() { # bootstrap-servers psql-command
  cat <<TEXT

  API       http://127.0.0.1:$api_port          try it: http://127.0.0.1:$api_port/scalar
  console   http://127.0.0.1:$api_port/console  how it stands, and what failed
  mails     http://127.0.0.1:$mail_port          SMTP on 127.0.0.1:$smtp_port
  worker    http://127.0.0.1:$worker_port/health/ready
  Kafka     $1
  Postgres  $2

  Send a mail, then look at the mails' page:
    curl -i http://127.0.0.1:$api_port/emails -H 'Content-Type: application/json' -d '{"from":"a@example.com","to":"b@example.com","subject":"Hello","text":"It works."}'
  A mail to fail-451-twice@example.com is tried three times, one to fail-451@example.com five times, one to fail-550@example.com once.
TEXT
}

load_up() { # takes over the ports of what runs
  if [ ! -f "$run/up.env" ]; then
    ! runs up || die "./dev up (process $(pid_of up)) is still starting, or ends; try again when it says that it is ready"
    die "nothing runs yet; ./dev up starts it"
  fi
  # shellcheck source=/dev/null
  . "$run/up.env"
  ! runs up || return 0
  local left
  if [ "$mode" = docker ]; then left=$(compose_runs && echo "its containers") || true; else left=$(left_behind); fi
  [ -n "$left" ] || die "nothing runs any more: the last ./dev up was killed; ./dev up starts it again"
  say "the ./dev up of what runs was killed and has left this behind; ./dev down ends it: $left" >&2
}

down() {
  case ${1:-} in '' | --wipe) ;; *) die "unknown option '$1'; there is --wipe" ;; esac
  mkdir -p "$logs"
  end up TERM 60
  end_local
  if engine_answers && (need_compose) 2>/dev/null; then
    if [ "${1:-}" = --wipe ]; then end_docker --volumes --rmi local; else end_docker; fi
  fi
  if [ "${1:-}" = --wipe ]; then
    [ ! -f "$run/postgres.home" ] || rm -rf "$(cat "$run/postgres.home")"
    rm -rf "$run"
  fi
}

migrate() {
  [ $# -eq 0 ] || die "migrate takes no options: the database is the one that Database__ConnectionString names"
  mkdir -p "$logs"
  if [ -z "${Database__ConnectionString:-}" ]; then
    load_up
    local login='Username=postgres'
    [ "$mode" = local ] || login='Username=messaging;Password=messaging' # as docker-compose.yml has it
    export Database__ConnectionString="Host=127.0.0.1;Port=$postgres_port;Database=messaging;$login"
  fi
  need_dotnet
  build_services
  local program
  program=$(dll Consumer.Worker)
  (cd "${program%/*}" && DOTNET_ENVIRONMENT=Development dotnet "$program" migrate)
}

ledger() { # options of Consumer.Worker ledger; ends with its exit code
  mkdir -p "$logs"
  load_up
  if [ "$mode" = docker ]; then
    # In a container of its own beside the worker's: the SDK is not needed, and Kafka is reached by the name it advertises.
    compose run --rm --no-deps -T consumer-worker ledger "$@"
    return
  fi
  need_dotnet
  local program
  program=$(dll Consumer.Worker)
  (cd "${program%/*}" && DOTNET_ENVIRONMENT=Development Kafka__BootstrapServers=$bootstrap_servers \
    Database__ConnectionString="Host=127.0.0.1;Port=$postgres_port;Database=messaging;Username=postgres" dotnet "$program" ledger "$@")
}
