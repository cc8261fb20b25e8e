# bench: measures, in a Release build. Sourced by ./dev.
# shellcheck shell=bash

bench() {
  need_dotnet
  mkdir -p "$logs"
  # On the error stream, so that --json prints nothing but its lines.
  say "building (Release)" >&2
  dotnet build "$root/bench/Messaging.Bench" -c Release --nologo -v quiet -clp:ErrorsOnly >"$logs/bench-build.log" 2>&1 ||
    { tail_of bench-build >&2; die "the benchmarks could not be built"; }
  # In .run, where BenchmarkDotNet may leave its artifacts.
  cd "$run"
  exec dotnet "$root/bench/Messaging.Bench/bin/Release/net10.0/Messaging.Bench.dll" "$@"
}
