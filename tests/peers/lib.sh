# What the peer scripts share: who runs a daemon, whether it runs, and how it is stopped.

umask 077 # data, logs and passwords of a peer are for its own user

fail() { echo "$(basename "$0"): $1" >&2; exit 1; }

# as USER CMD…: runs CMD as USER if we are root, else as ourselves.
as() {
  local user=$1; shift
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid "$user" --regid "$user" --init-groups -- "$@"
  else
    "$@"
  fi
}

# own USER PATH…: gives PATH to USER if we are root.
own() {
  local user=$1; shift
  [ "$(id -u)" != 0 ] || chown -R "$user:" "$@"
}

# Is the process that a pid file names alive and still the program we started?
runs() { # PID-FILE PROGRAM
  local pid
  [ -s "$1" ] && read -r pid < "$1" && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ]
}

# Ends the process of a pid file: asks with SIGNAL, kills it after 15 s.
end() { # PID-FILE PROGRAM SIGNAL
  local pid waited=0
  runs "$1" "$2" || { rm -f "$1"; return 0; }
  read -r pid < "$1"
  kill "-$3" "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do
    [ $((waited += 1)) -le 150 ] || { kill -KILL "$pid" 2>/dev/null || true; break; }
    sleep 0.1
  done
  rm -f "$1"
}

# until_ready SECONDS CMD…: runs CMD every 0.1 s until it succeeds.
until_ready() {
  local deadline=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# Fails, and says who has it, if the port is not free.
check_free() { # PROTOCOL(tcp|udp) PORT WHAT
  ./check-ports "$1 $2 - $3" || exit 1
}
