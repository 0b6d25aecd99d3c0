#!/bin/sh
# Makes this checkout ready for a task: scripts/setup.sh [test|demo]. Quiet, and quick when nothing is to be done.
# Runs before node_modules exists, under whatever npm and node there are, so it is plain POSIX sh.
set -eu
cd "$(dirname "$0")/.."

for_demo='openssh-server openssh-client'
for_test="$for_demo openssh-tests fido2-tools socat chromium softhsm2 golang-go golang-golang-x-crypto-dev"

say() { echo "set-up: $*" >&2; }

install_dependencies() {
  installed=node_modules/.package-lock.json
  if [ -x node_modules/.bin/node ] && [ -e "$installed" ] && [ ! package-lock.json -nt "$installed" ]; then return; fi
  say 'installing node_modules'
  npm ci --ignore-scripts --include=dev --no-audit --no-fund --loglevel=error >&2
  # The one package whose install script may run (allowScripts in package.json): it fetches the Node 24 for this machine.
  npm rebuild node --ignore-scripts=false --foreground-scripts=false --no-audit --no-fund --loglevel=error >&2
  touch "$installed"
}

missing_packages() {
  for package in "$@"; do
    case " $present " in *" $package "*) ;; *) printf '%s ' "$package" ;; esac
  done
}

install_debian_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system; this needs what Debian calls: $*"
    return
  fi
  present=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' | tr '\n' ' ')
  missing=$(missing_packages "$@")
  if [ -z "$missing" ]; then return; fi
  if [ "$(id -u)" -ne 0 ]; then
    say "*** MISSING *** as root: apt-get install --no-install-recommends $missing"
    return
  fi
  say "installing Debian packages: $missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # names, one word each
  apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends $missing >&2 ||
    say "*** MISSING *** apt-get could not install: $missing"
}

install_dependencies
case "${1:-}" in
  test) install_debian_packages $for_test ;;
  demo)
    install_debian_packages $for_demo
    sh scripts/pages.sh
    ;;
esac
