#!/bin/sh
# Runs the gate on this machine or in containers: tools/test.sh [native|docker]; default: what fits.
set -eu
cd "$(dirname "$0")/.."

way=${1:-}
if [ -z "$way" ]; then
  if docker info >/dev/null 2>&1 && tools/compose.sh version >/dev/null 2>&1; then
    way=docker
    echo "testing in containers, because a Docker engine runs (make test-native tests on this machine)" >&2
  else
    way=native
    echo "testing on this machine, because no Docker engine runs (make test-docker needs one)" >&2
  fi
fi

case $way in
  native) exec tools/deno run -A tools/gate.ts ;;
  docker) ;;
  *) echo "error: Cannot test in \"$way\": wanted native or docker" >&2; exit 2 ;;
esac

# A separate project, so that containers from `make up` are not touched.
COMPOSE_PROJECT_NAME=redis-proxy-test-$$
export COMPOSE_PROJECT_NAME
compose() { tools/compose.sh --profile test "$@"; }
trap 'compose down --volumes --remove-orphans >/dev/null 2>&1' EXIT
trap 'exit 130' INT TERM
compose build test
compose run --rm -T test
