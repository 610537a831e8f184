#!/usr/bin/env bash
# Installs k6 where Go is present, and prints where it is. Does nothing when this version is there already.
#
# The plain `go install` also asks the module's own host for a list of retracted versions, and fails where only a module
# proxy can be reached. Built as a dependency of a throw-away module, k6 needs nothing but the proxy.
set -euo pipefail

readonly version=v2.2.0
readonly module=go.k6.io/k6/v2

main() {
  local program
  for program in "${K6:-}" "$(command -v k6 || true)" "$(installed)"; do
    if is_wanted "$program"; then
      echo "$program"
      return
    fi
  done
  command -v go >/dev/null || fail "Go is needed to build k6 $version"
  program=$(installed)
  install_plainly || install_through_module || fail "k6 $version could not be built"
  is_wanted "$program" || fail "$program is not k6 $version"
  echo "$program"
}

# Where Go puts programs.
installed() {
  command -v go >/dev/null || return 0
  local bin
  bin=$(go env GOBIN)
  echo "${bin:-$(go env GOPATH | cut -d: -f1)/bin}/k6"
}

is_wanted() {
  [[ -n $1 && -x $1 ]] && [[ $("$1" version 2>/dev/null) == "k6 $version "* ]]
}

install_plainly() {
  go install "$module@$version" >&2
}

install_through_module() {
  local directory
  directory=$(mktemp -d)
  (
    trap 'rm -rf "$directory"' EXIT
    cd "$directory" || exit 1
    printf 'module throwaway\n\ngo 1.25.0\n\nrequire %s %s\n' "$module" "$version" >go.mod
    printf '//go:build tools\n\npackage tools\n\nimport _ "%s"\n' "$module" >tools.go
    go install -mod=mod "$module"
  ) >&2
}

fail() {
  echo "install-k6: $1" >&2
  exit 1
}

main
