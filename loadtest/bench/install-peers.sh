#!/usr/bin/env bash
# What the benchmark suite compares with: the npm packages into this folder, Redis and PostgreSQL from Debian. Nothing
# of them is started or configured: the suite runs each on private sockets, in directories that it removes.
set -euo pipefail

main() {
  cd "$(dirname "${BASH_SOURCE[0]}")"
  npm ci --ignore-scripts --no-audit --no-fund
  local missing=()
  command -v redis-server >/dev/null || missing+=(redis-server)
  compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null || command -v postgres >/dev/null || missing+=(postgresql)
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "install ${missing[*]} by hand; without them the case \"databases\" is skipped" >&2
    return 0
  fi
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -qq
  # No service of the system is started: the bench starts its own.
  as_root env RUNLEVEL=1 apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}"
}

as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n --preserve-env=DEBIAN_FRONTEND "$@"; fi
}

main "$@"
