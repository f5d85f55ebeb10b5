# Sourced by the scripts: how they speak, and how they find what they need. Bash.
# shellcheck shell=bash

export ocelli_root; ocelli_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# step TEXT: a heading with the time since the script began.
step() { printf '\n\033[1m[%02d:%02d] %s\033[0m\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*" | plain_unless_terminal; }

# say TEXT: one line of progress.
say() { printf '  %s\n' "$*"; }

# die TEXT: one line that says what is wrong and what to do, then the end.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

plain_unless_terminal() { if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }

# find_python: prints the first Python 3 that has pip. Another one may come before the system's in PATH.
find_python() {
  local candidate
  for candidate in python3 /usr/bin/python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -m pip --version >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  die "no python3 with pip found: run scripts/setup (packages python3 and python3-pip)"
}

# as_root COMMAND...: asks for a password only where somebody can type it.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}
