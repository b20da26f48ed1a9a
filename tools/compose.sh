#!/bin/sh
# Runs Docker Compose, whichever of its two forms is here.
set -eu
cd "$(dirname "$0")/.."

if docker compose version >/dev/null 2>&1; then exec docker compose "$@"; fi
if command -v docker-compose >/dev/null; then exec docker-compose "$@"; fi
echo "error: Cannot find Docker Compose: the docker compose plugin or docker-compose is wanted" >&2
exit 1
