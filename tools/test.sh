#!/bin/sh
# The gate, natively or in containers: tools/test.sh [native|docker]; by default whichever fits.
set -eu
cd "$(dirname "$0")/.."

way=${1:-}
if [ -z "$way" ]; then
  if docker info >/dev/null 2>&1 && tools/compose.sh version >/dev/null 2>&1; then
    way=docker
    echo "testing in containers: a Docker engine runs (make test-native tests on this machine)" >&2
  else
    way=native
    echo "testing on this machine: no Docker engine runs (make test-docker wants one)" >&2
  fi
fi

case $way in
  native) exec tools/deno run -A tools/gate.ts ;;
  docker) ;;
  *) echo "error: Cannot test the way \"$way\": native or docker is wanted" >&2; exit 2 ;;
esac

# A project of its own: containers that `make up` has started stay as they are.
COMPOSE_PROJECT_NAME=redis-proxy-test-$$
export COMPOSE_PROJECT_NAME
compose() { tools/compose.sh --profile test "$@"; }
trap 'compose down --volumes --remove-orphans >/dev/null 2>&1' EXIT
trap 'exit 130' INT TERM
compose build test
compose run --rm -T test
