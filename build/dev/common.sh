# Shared by all verbs: messages, ports, processes. Sourced by ./dev.
# shellcheck shell=bash

run=${DEV_RUN:-$root/.run} # state and logs of what runs; not in git
logs=$run/logs

say() { printf '%s\n' "$*"; }
die() { printf 'dev: %s\n' "$*" >&2; exit 1; }

api_port=${API_PORT:-8080} mail_port=${MAIL_PORT:-8025} smtp_port=${SMTP_PORT:-1025}
kafka_port=${KAFKA_PORT:-9092} postgres_port=${POSTGRES_PORT:-5432} worker_port=${WORKER_PORT:-8081}

check_ports() { # NAME=PORT...: each is a port, no two are the same
  local pair name port seen=' '
  for pair in "$@"; do
    name=${pair%%=*} port=${pair#*=}
    [[ $port =~ ^[1-9][0-9]{0,4}$ ]] && [ "$port" -le 65535 ] || die "$name is '$port'; a port is a number from 1 to 65535"
    [[ $seen != *" $port "* ]] || die "$name is $port, which another of the ports is too; give each its own"
    seen+="$port "
  done
}

# What ends must not be ended half-way by a second Ctrl-C; each step of it has a limit of its own.
at_exit() { # commands
  # shellcheck disable=SC2064 # the commands are those of now
  trap "trap '' INT TERM HUP; $1" EXIT
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; } # port

check_free() { # NAME=PORT...
  local pair
  for pair in "$@"; do
    ! answers "${pair#*=}" || die "port ${pair#*=} is taken by another program; end that, or set ${pair%%=*} to a free port"
  done
}

need_dotnet() {
  need_icu
  command -v dotnet >/dev/null || die "the .NET SDK 10 is missing; https://dotnet.microsoft.com/download has it"
  (cd "$root" && dotnet --version) >/dev/null 2>&1 ||
    die "global.json asks for a .NET SDK 10, and this machine has: $(cd / && dotnet --list-sdks | cut -d' ' -f1 | paste -sd' ')"
}

need() { command -v "$1" >/dev/null || die "$1 is missing; install it (Debian: apt-get install ${2:-$1})"; } # program [package]

# A process is remembered by its id and its start, so that an id that the system gave to another process is never signalled.
# One that has ended and was not yet collected (state Z) counts as gone.
started_at() { sed -n 's/^.*) \([^Z]\) //p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f19; }
remember() { echo "$2 $(started_at "$2")" >"$run/$1.pid"; } # name pid
pid_of() { # name: prints the id if that very process still runs
  local pid start
  [ -f "$run/$1.pid" ] && read -r pid start <"$run/$1.pid" && [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ] && echo "$pid"
}
# Asks in a subshell: a signal's trap that runs within a function whose output is redirected says what it has to say there.
runs() { [ -n "$(pid_of "$1")" ]; } # name

end() { # name [signal [seconds]]: ends it and waits; after the seconds by force
  local pid tries=$((${3:-20} * 20))
  pid=$(pid_of "$1") || { rm -f "$run/$1.pid"; return 0; }
  kill "-${2:-TERM}" "$pid" 2>/dev/null || true
  while runs "$1"; do
    if ((tries-- == 0)); then
      say "$1 did not end by itself; it was killed"
      kill -KILL "$pid" 2>/dev/null || true
      break
    fi
    sleep 0.05
  done
  rm -f "$run/$1.pid"
}

spawn() { # name command...: in the background with a log, out of reach of the terminal's Ctrl-C: the order of ending is ours
  local name=$1
  shift
  # Descriptor 9 is the lock that says `up` runs; no child may hold it.
  setsid "$@" >>"$logs/$name.log" 2>&1 </dev/null 9>&- &
  remember "$name" $!
}

tail_of() { # name
  say "the end of ${logs#"$root"/}/$1.log:" >&2
  tail -n 15 "$logs/$1.log" >&2 || true
}

await() { # seconds name what command...: until the command succeeds; fails at once when the process of that name ends
  local deadline=$((SECONDS + $1)) name=$2 what=$3
  shift 3
  until "$@" >/dev/null 2>&1; do
    if [ -f "$run/$name.pid" ] && ! runs "$name"; then tail_of "$name"; die "$name ended before $what"; fi
    if ((SECONDS >= deadline)); then [ ! -f "$logs/$name.log" ] || tail_of "$name"; die "$name: not within the time it may take: $what"; fi
    sleep 0.1
  done
}

http_ok() { curl -fsS -o /dev/null --max-time 5 "$1"; } # url

engine_answers() { command -v docker >/dev/null && timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

mode() { # --local, --docker or nothing: prints local or docker
  case ${1:-} in
    --local) echo local ;;
    --docker) engine_answers || die "--docker was asked for, but no Docker engine answers; start one, or use --local"; echo docker ;;
    '') if engine_answers; then echo docker; else echo local; fi ;;
    *) die "unknown option '$1'; there are --local and --docker" ;;
  esac
}
