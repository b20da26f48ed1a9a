#!/bin/sh
# Starts Redis and the proxy in containers, and waits until both are healthy (the older Docker
# Compose cannot wait by itself).
set -eu
cd "$(dirname "$0")/.."

tools/compose.sh up --build --detach proxy
id=$(tools/compose.sh ps -q proxy)
tries=60
while health=$(docker inspect --format '{{.State.Status}} {{.State.Health.Status}}' "$id"); do
  [ "$health" = "running healthy" ] && break
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ] || [ "${health% *}" != running ]; then
    tools/compose.sh logs proxy >&2
    echo "error: Cannot start the proxy: it is $health" >&2
    exit 1
  fi
  sleep 1
done

cat <<END

The proxy is healthy. Try it:
  docker exec $(tools/compose.sh ps -q redis | cut -c 1-12) redis-cli set Rescale "We Accelerate Engineering Breakthroughs"
  curl http://127.0.0.1:${RP_PORT:-8080}/Rescale
  redis-cli -p ${RP_PORT:-8080} get Rescale
make down ends both.
END
