# format: whitespace, order of usings and naming by .editorconfig. Sourced by ./dev.
# shellcheck shell=bash

format() { # [--check]: changes nothing, and fails with a line for each place that is not formatted
  local check=() code=0
  case ${1:-} in
    --check) check=(--verify-no-changes); shift ;;
  esac
  [ $# -eq 0 ] || die "unknown option '$1'; there is --check"
  need_dotnet
  # The analyzers' own rules are errors of every build, and are not run once more here.
  dotnet restore "$root/Messaging.sln" -v quiet
  dotnet format whitespace "$root/Messaging.sln" --no-restore -v quiet "${check[@]}" || code=$?
  dotnet format style "$root/Messaging.sln" --no-restore -v quiet --severity warn "${check[@]}" || code=$?
  return "$code"
}
