#!/bin/sh
# Runs Docker Compose, whichever of its two forms is installed.
set -eu
cd "$(dirname "$0")/.."

if docker compose version >/dev/null 2>&1; then exec docker compose "$@"; fi
if command -v docker-compose >/dev/null; then exec docker-compose "$@"; fi
echo "error: Cannot find Docker Compose: wanted the docker compose plugin or docker-compose" >&2
exit 1
