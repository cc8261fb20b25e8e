# Debian packages, said before they are installed. Sourced by ./dev.
# shellcheck shell=bash

postgres_bin() { # prints the folder of the newest PostgreSQL's programs; Debian keeps them outside PATH
  local folder
  folder=$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
  [ -n "$folder" ] || folder=$(command -v initdb) || return 1
  dirname "$folder"
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

has_icu() {
  [ "$(uname)" = Linux ] || return 0
  PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep -q 'libicuuc\.so' ||
    find /usr/lib /usr/lib64 /lib /usr/local/lib -name 'libicuuc.so*' 2>/dev/null | grep -q .
}

# Domains beyond ASCII are mapped by its tables, and .NET does not start without it. Debian names the package after its version.
need_icu() {
  ! has_icu || return 0
  command -v apt-get >/dev/null || die "ICU is missing, and there is no apt-get to install it with (Alpine: icu-libs, Fedora: libicu)"
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || die "ICU is missing, and installing it needs root: apt-get install libicu72 (or the version that your system has)"
  mkdir -p "$logs"
  local log=$logs/apt-icu.log package=''
  as_root apt-get update -qq >"$log" 2>&1 || true
  package=$(apt-cache search --names-only '^libicu[0-9]+$' 2>>"$log" | cut -d' ' -f1 | sort -V | tail -n 1)
  [ -n "$package" ] || { tail_of apt-icu; die "ICU is missing, and apt-get knows no package of it"; }
  say "installing the Debian package $package (apt-get)"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >>"$log" 2>&1 || { tail_of apt-icu; die "ICU could not be installed"; }
}

need_postgres() {
  ! postgres_bin >/dev/null || return 0
  command -v apt-get >/dev/null || die "PostgreSQL is missing, and there is no apt-get to install it with; put its bin folder on PATH"
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    die "PostgreSQL is missing, and installing it needs root: apt-get install postgresql"
  say "installing the Debian package postgresql (apt-get); no database cluster of its own is created"
  # Before the package is there: its installation creates and starts a cluster on 5432 unless it is told not to.
  local told=/etc/postgresql-common/createcluster.d/messaging-dev.conf
  as_root mkdir -p "${told%/*}"
  echo 'create_main_cluster = false' | as_root tee "$told" >/dev/null
  local log=$logs/apt.log done=0
  if as_root apt-get update -qq >"$log" 2>&1 &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >>"$log" 2>&1; then done=1; fi
  # Only for this installation; what the machine's owner does with the package later is the owner's affair.
  as_root rm -f "$told"
  [ "$done" = 1 ] || { tail_of apt; die "PostgreSQL could not be installed"; }
  postgres_bin >/dev/null || die "PostgreSQL was installed, but its programs are not in /usr/lib/postgresql"
}

smtp_sink() { PATH=$PATH:/usr/sbin command -v smtp-sink; }

# For a few tests of SMTP, which are skipped where it is missing. Of the package only its programs are wanted: without a
# configuration no mail server of it can start. Another mail server, which it would take the place of, is left alone.
want_smtp_sink() {
  ! smtp_sink >/dev/null || return 0
  local why=''
  if ! command -v apt-get >/dev/null; then why="there is no apt-get"
  elif [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then why="that needs root"
  elif [ -e /usr/sbin/sendmail ]; then why="this machine has another mail server"
  fi
  [ -z "$why" ] || { say "the Debian package postfix (smtp-sink) is not installed: $why"; return 0; }
  say "installing the Debian package postfix (apt-get) for its smtp-sink; it is not configured, so no mail server starts"
  local log=$logs/apt-postfix.log
  if as_root apt-get update -qq >"$log" 2>&1 &&
    echo 'postfix postfix/main_mailer_type select No configuration' | as_root debconf-set-selections >>"$log" 2>&1 &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postfix >>"$log" 2>&1; then return 0; fi
  say "postfix could not be installed, see $log; its tests are skipped"
}

# For the tests of the console, which are skipped where it is missing.
want_chromium() {
  ! command -v chromium >/dev/null || return 0
  local why=''
  if ! command -v apt-get >/dev/null; then why="there is no apt-get"
  elif [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then why="that needs root"
  fi
  [ -z "$why" ] || { say "the Debian package chromium is not installed: $why"; return 0; }
  say "installing the Debian package chromium (apt-get), for the tests of the console"
  local log=$logs/apt-chromium.log
  if as_root apt-get update -qq >"$log" 2>&1 &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >>"$log" 2>&1; then return 0; fi
  say "chromium could not be installed, see $log; its tests are skipped"
}
