#!/bin/sh
# Makes this checkout ready for a task: scripts/setup.sh [test|demo]. Quiet, and quick when nothing is to be done.
# Runs before node_modules exists, under whatever npm and node there are, so it is plain POSIX sh.
set -eu
cd "$(dirname "$0")/.."

for_demo='openssh-server openssh-client'
for_test="$for_demo openssh-tests sudo pamtester procps fido2-tools socat chromium softhsm2 golang-go golang-golang-x-crypto-dev nix-bin shellcheck busybox curl systemd"

say() { echo "set-up: $*" >&2; }

install_dependencies() {
  installed=node_modules/.package-lock.json
  if [ -x node_modules/.bin/node ] && [ -e "$installed" ] && [ ! package-lock.json -nt "$installed" ]; then return; fi
  # npm would empty the folder that the link leads to, under whoever works there.
  if [ -L node_modules ]; then
    say 'node_modules is a symbolic link and out of date here: set-up leaves it alone; remove the link'
    exit 1
  fi
  say 'installing node_modules'
  borrow_node
  quietly npm ci --ignore-scripts --include=dev
  # The one package whose install script may run (allowScripts in package.json): it fetches the Node for this machine.
  quietly npm rebuild node --ignore-scripts=false
  touch "$installed"
}

# npm leaves out optional packages, native code among them, that are not for the Node it runs on itself: with Debian's
# own Node vite would be broken. So the wanted Node comes first, for npm to run on.
borrow_node() {
  if node -e 'process.exit(parseInt(process.versions.node) < 24 ? 1 : 0)'; then return; fi
  borrowed=$(mktemp -d)
  trap 'rm -rf "$borrowed"' EXIT
  version=$(sed -n 's/^ *"node": "\([0-9.]*\)".*/\1/p' package.json)
  quietly npm install --prefix "$borrowed" --ignore-scripts=false "node@$version"
  PATH=$borrowed/node_modules/.bin:$PATH
}

quietly() { NODE_NO_WARNINGS=1 "$@" --no-audit --no-fund --loglevel=error >/dev/null; }

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
  if ! output=$( (apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing) 2>&1); then
    echo "$output" >&2
    say "*** MISSING *** apt-get could not install: $missing"
  fi
}

install_dependencies
case "${1:-}" in
  test) install_debian_packages $for_test ;;
  demo)
    install_debian_packages $for_demo
    sh scripts/pages.sh
    ;;
esac
