#!/bin/sh
# Starts Redis and the proxy in containers, and waits until both are healthy. The older Docker Compose
# cannot wait by itself.
set -eu
cd "$(dirname "$0")/.."

tools/compose.sh up --build --detach proxy
proxy=$(tools/compose.sh ps -q proxy)
redis=$(tools/compose.sh ps -q redis | cut -c 1-12)

state() { docker inspect --format '{{.State.Status}}, {{.State.Health.Status}}' "$proxy"; }
tries=60
until [ "$(state)" = "running, healthy" ]; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ] || [ "$(state | cut -d , -f 1)" != running ]; then
    tools/compose.sh logs proxy >&2
    echo "error: Cannot start the proxy, which is $(state): see its log above; make down removes it" >&2
    exit 1
  fi
  sleep 1
done

cat <<END

Redis and the proxy are healthy. Try it:
  docker exec $redis redis-cli set Rescale "We Accelerate Engineering Breakthroughs"
  curl http://127.0.0.1:${RP_PORT:-8080}/Rescale
  redis-cli -p ${RP_PORT:-8080} get Rescale
The live page is at http://127.0.0.1:${RP_ADMIN_PORT:-9090}/
make down removes both.
END
