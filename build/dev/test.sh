# test: all test projects, one line at the end. Sourced by ./dev.
# shellcheck shell=bash

test_run= results=
# A test that hangs is named and ends its project's run, instead of the time that there is for all.
hang=(--blame-hang-timeout 15m --blame-hang-dump-type none)

run_tests() {
  local option='' mode code=0
  case ${1:-} in --local | --docker) option=$1; shift ;; esac
  mode=$(mode "$option")
  need_dotnet
  mkdir -p "$logs"
  if [ "$mode" = local ]; then
    export MESSAGING_TEST_DOCKER=no
    [ -n "${POSTGRES_CONNECTION:-}" ] || need_postgres
  fi
  want_smtp_sink
  want_chromium

  test_run=dev-$$-$(date +%s)
  results=$run/test-results/$test_run
  mkdir -p "$results"
  export MESSAGING_TEST_RUN=$test_run MESSAGING_TEST_RESULTS=$results
  at_exit remove_leftovers
  trap 'exit 130' INT TERM HUP

  say "building"
  dotnet build "$root/Messaging.sln" --nologo -v quiet -clp:ErrorsOnly || die "the build failed"
  say "testing (${mode}); results are in ${results#"$root"/}"
  # The projects' loggers are set in tests/Directory.Build.props: one .trx a project, under its name. As many run
  # at once as there are cores, in the order of the solution: those that take longest first.
  dotnet test "$root/Messaging.sln" --no-build --nologo "${hang[@]}" "$@" || code=$?
  summary "$code"
}

# chaos: the fault tests alone, each fault many times over.
chaos() { # [--local | --docker] [rounds], outage [minutes], or soak [minutes]
  hang=() # One test, for as long as it is told.
  if [ "${1:-}" = outage ]; then
    export CHAOS_OUTAGE=${2:-60}
    [[ $CHAOS_OUTAGE =~ ^[1-9][0-9]*$ ]] || die "chaos outage takes the number of minutes, not '$CHAOS_OUTAGE'"
    run_tests --docker --filter 'FullyQualifiedName~OutageChaosTests' --logger trx --logger 'console;verbosity=detailed'
    return
  fi
  if [ "${1:-}" = soak ]; then
    export CHAOS_SOAK=${2:-120}
    [[ $CHAOS_SOAK =~ ^[1-9][0-9]*$ ]] || die "chaos soak takes the number of minutes, not '$CHAOS_SOAK'"
    run_tests --docker --filter 'FullyQualifiedName~SoakTests' --logger trx --logger 'console;verbosity=detailed'
    return
  fi
  local option=()
  case ${1:-} in --local | --docker) option=("$1"); shift ;; esac
  export CHAOS_ROUNDS=${1:-10}
  [[ $CHAOS_ROUNDS =~ ^[1-9][0-9]*$ ]] || die "chaos takes the number of rounds, not '$CHAOS_ROUNDS'"
  run_tests "${option[@]}" --filter 'FullyQualifiedName~.Faults.'
}

# What the processes of the run shared and therefore none of them ended, or what a killed one left.
remove_leftovers() {
  local own=${TMPDIR:-/tmp}/messaging-test-$test_run pidfile lock
  for lock in "$own"/stack-*/lock; do
    [ ! -f "$lock" ] || DEV_RUN=${lock%/*} COMPOSE_PROJECT_NAME=$(basename "${lock%/*}") "$root/dev" down --wipe || true
  done
  if engine_answers; then
    docker ps -aq --filter "label=messaging.test-run=$test_run" | xargs -r docker rm -f -v >/dev/null || true
    docker network ls -q --filter "label=messaging.test-run=$test_run" | xargs -r docker network rm >/dev/null || true
  fi
  for pidfile in "$own"/*/data/postmaster.pid; do
    [ ! -f "$pidfile" ] || kill -QUIT "$(head -n 1 "$pidfile")" 2>/dev/null || true
  done
  rm -rf "$own"
}

counter() { # name: summed over all result files
  grep -ho "<Counters [^>]*" "$results"/*.trx 2>/dev/null | grep -o " $1=\"[0-9]*\"" | grep -o '[0-9]*' | paste -sd+ | { read -r sum && echo $((sum)) || echo 0; }
}

tests_that() { # outcome, as the result files name it: each with its reason, whole where it is a failure
  awk -v outcome="outcome=\"$1\"" -v most="${2:-1}" '
    function say(text) {
      gsub(/&quot;/, "\"", text); gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&#x[DA];/, "", text); gsub(/&amp;/, "\\&", text)
      print (lines++ == 0 ? "  " name ": " : "    ") text
      if (lines >= most) name = ""
    }
    /<UnitTestResult / { name = ""; lines = 0; inside = 0; if (index($0, outcome) && match($0, /testName="[^"]*"/)) name = substr($0, RSTART + 10, RLENGTH - 11) }
    name != "" && /<Message>/ { inside = 1; sub(/.*<Message>/, "") }
    name != "" && inside { ends = sub(/<\/Message>.*/, ""); say($0); if (ends) name = "" }' "$results"/*.trx 2>/dev/null
}

summary() { # exit code of dotnet test
  local total passed failed skipped
  total=$(counter total) passed=$(counter passed) failed=$(counter failed)
  skipped=$((total - $(counter executed)))
  if [ "$skipped" -gt 0 ]; then
    say "skipped:"
    tests_that NotExecuted | sort
  fi
  if [ "$failed" -gt 0 ]; then
    say "failed:"
    tests_that Failed 40
  fi
  if [ "$1" != 0 ] && [ "$failed" = 0 ]; then
    say "a test process ended before its tests did, or a project could not be tested: see above; it is counted as one failure"
    failed=1
  fi
  [ "$total" -gt 0 ] || say "no test was run"
  if [ "$skipped" -gt 0 ]; then say "$passed passed, $failed failed, $skipped skipped"; else say "$passed passed, $failed failed"; fi
  [ "$failed" = 0 ] && [ "$total" -gt 0 ]
}
