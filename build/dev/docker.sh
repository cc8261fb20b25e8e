# `up --docker`: docker-compose.yml. Sourced by ./dev.
# shellcheck shell=bash

compose_command=()
need_compose() {
  if docker compose version >/dev/null 2>&1; then compose_command=(docker compose)
  elif command -v docker-compose >/dev/null; then compose_command=(docker-compose)
  else die "a Docker engine answers, but neither 'docker compose' nor 'docker-compose' is there; install one, or use --local"; fi
}

compose() {
  [ ${#compose_command[@]} -gt 0 ] || need_compose
  (cd "$root" && API_PORT=$api_port WORKER_PORT=$worker_port MAIL_PORT=$mail_port SMTP_PORT=$smtp_port KAFKA_PORT=$kafka_port \
    POSTGRES_PORT=$postgres_port "${compose_command[@]}" "$@" 9>&-)
}

compose_runs() { [ -n "$(compose ps -q 2>/dev/null)" ]; }

# Containers go, named volumes stay: mails and records are there again with the next `up`.
end_docker() { # options of `compose down`
  # `down` alone would leave the volumes without a name that the images declare; nobody could find them again.
  { compose rm --stop --force -v && compose down --remove-orphans "$@"; } >"$logs/compose-down.log" 2>&1 ||
    { tail_of compose-down; die "the containers could not be removed"; }
}

docker_up() {
  need curl
  need_compose
  local ports=("API_PORT=$api_port" "WORKER_PORT=$worker_port" "MAIL_PORT=$mail_port" "SMTP_PORT=$smtp_port" "KAFKA_PORT=$kafka_port" "POSTGRES_PORT=$postgres_port")
  check_ports "${ports[@]}"
  ! compose_runs || die "its containers run already; ./dev down ends them"
  check_free "${ports[@]}"

  at_exit end_docker
  say "building images and starting containers; the log is ${logs#"$root"/}/compose.log"
  compose up --build --detach >"$logs/compose.log" 2>&1 || { tail_of compose; die "docker compose could not start everything"; }
  bootstrap_servers=127.0.0.1:$kafka_port
  await 60 compose "the mail page answers on port $mail_port" http_ok "http://127.0.0.1:$mail_port/"
  await 60 compose "the API is ready on port $api_port" http_ok "http://127.0.0.1:$api_port/health/ready"
  await 60 compose "the worker is ready on port $worker_port" http_ok "http://127.0.0.1:$worker_port/health/ready"
}

docker_ready() {
  addresses "$bootstrap_servers" "${compose_command[*]} exec postgres psql -U messaging"
  cat <<TEXT

  All of it runs as Development: no key is asked for. Kafka's own tools:
    ${compose_command[*]} exec kafka /opt/kafka/bin/kafka-topics.sh --bootstrap-server kafka:19092 --list
  Logs: ${compose_command[*]} logs -f consumer-worker
TEXT
}

docker_watch() { # until its containers are gone; one that is stopped, killed or restarted is the user's to play with
  while compose_runs; do
    sleep 10 &
    wait $! # a builtin: a signal is answered at once
  done
  die "its containers are gone"
}
