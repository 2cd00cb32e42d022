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

# Prints the process that a pid file names, if it is alive and still the program we started. The file may
# go at any moment: another may be stopping it.
process_of() { # PID-FILE PROGRAM
  local pid
  pid=$(cat "$1" 2>/dev/null) && pid=${pid%%$'\n'*} && [ -n "$pid" ] &&
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] && echo "$pid"
}

runs() { # PID-FILE PROGRAM
  process_of "$1" "$2" > /dev/null
}

# Ends the process of a pid file: asks with SIGNAL, kills it after 15 s.
end() { # PID-FILE PROGRAM SIGNAL
  local pid waited=0
  pid=$(process_of "$1" "$2") || { rm -f "$1"; return 0; }
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
