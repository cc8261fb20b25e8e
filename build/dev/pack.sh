# pack: the NuGet package of the rider, with its symbols. Sourced by ./dev.
# shellcheck shell=bash

pack() { # [folder]
  [ $# -le 1 ] || die "pack takes one folder, not '$*'"
  local folder=${1:-$run/packages}
  need_dotnet
  mkdir -p "$folder"
  # Paths of this machine stay out of the assembly, so that the same commit makes the same package anywhere.
  dotnet pack "$root/Messaging.Kafka" -c Release --nologo -v quiet -o "$folder" -p:DeterministicSourcePaths=true
  ls "$folder"/Messaging.Kafka.*nupkg
}
