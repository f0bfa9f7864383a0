#!/usr/bin/env bash
# ./dev with a Debian made of stubs: what it asks apt for, when it leaves apt alone, and what it says.
set -uo pipefail
dev=$(cd -- "$(dirname -- "$0")/../.." && pwd)/dev
box=$(mktemp -d)
trap 'rm -rf -- "$box"' EXIT
failures=0

fail() { printf 'FAILED: %s\n%s\n' "$1" "$(cat "$box/out" "$box/calls" 2>/dev/null)"; failures=$((failures + 1)); }
stub() { printf '#!/bin/bash\n%s\n' "$2" >"$box/bin/$1" && chmod +x "$box/bin/$1"; }
# run ARG...: output to out, calls of the stubs to calls.
run() {
  : >"$box/calls"
  PATH=$box/bin:$PATH BOX=$box "$dev" "$@" >"$box/out" 2>&1
}
expect() { [[ $1 == "$2" ]] || fail "$3: exit $1, not $2"; }
says() { grep -qF -- "$1" "$box/out" || fail "does not say: $1"; }
called() { grep -qE -- "$1" "$box/calls"; }

mkdir "$box/bin"
stub sudo 'exec "$@"'
stub cmake 'echo "cmake $*" >>"$BOX/calls"'
stub apt-get 'echo "apt-get $*" >>"$BOX/calls"; exit "${APT_STATUS:-0}"'
all_there='shift 2; for p; do echo "installed $p"; done'
none_there='exit 1'

run --help; expect $? 0 help; says 'usage: ./dev'
run; expect $? 2 'no command'
run dance; expect $? 2 'unknown command'; says "no command 'dance'"
stub dpkg-query "$all_there"
run build fast; expect $? 2 'unknown preset'
run build debug release; expect $? 2 'two presets'

run build; expect $? 0 'packages there'
called apt-get && fail 'asks apt although nothing is missing'
called 'cmake --preset debug' || fail 'does not configure'
called 'cmake --build .*/build/debug -j [12]$' || fail 'more than two compilers, or none'

if [[ $(. /etc/os-release && echo "$ID $VERSION_ID") == 'debian 12' ]]; then
  stub dpkg-query "$none_there"
  run build; expect $? 0 'packages missing'
  called 'apt-get .* update' || fail 'does not renew the lists'
  called 'apt-get .* install .* cmake .* libboost1.81-dev .* libgtest-dev' || fail 'does not install'
  APT_STATUS=100 run build; expect $? 1 'no network'
  says 'could not be installed'
  called '^cmake' && fail 'goes on without packages'

  stub dpkg-query "${all_there/done/done | grep -v ninja-build}"
  run build; expect $? 0 'one package missing'
  called 'install -y --no-install-recommends ninja-build$' || fail 'installs more than is missing'
fi

((failures == 0)) && echo 'dev: as told'
exit $((failures > 0))
