# Stages: "fetched" downloads what a build needs, "build" makes the executable, "test" runs the gate, and
# the last one is the image to run. Each stage finds out by itself which kind of network this is.

FROM denoland/deno:2.9.6 AS fetched
WORKDIR /app
# Both are optional: the supply to use (jsr or npm), and a mirror of the npm registry.
ARG RP_SUPPLY
ARG NPM_CONFIG_REGISTRY
ENV RP_TOOLS_CACHE=/opt/tools DENO_DIR=/opt/deno
# Only the files that decide what is downloaded, so that a change of the source needs no download.
COPY deno.json deno.lock ./
COPY tools/fetch.ts tools/bundle.ts tools/cache_folder.ts tools/command.ts tools/denort.ts \
  tools/npm.lock tools/npm_imports.json tools/supply.ts tools/
RUN deno run -A tools/fetch.ts

FROM fetched AS build
COPY tools tools
COPY main.ts ./
COPY src src
RUN deno run -A tools/build.ts

FROM fetched AS test
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends \
    ca-certificates curl openssl python3-minimal redis-server redis-tools \
  && rm -rf /var/lib/apt/lists/*
RUN deno run -A tools/fetch.ts oldest
COPY tools/install_clients.ts tools/install_redis.ts tools/
COPY tests/e2e/clients/catalogue.ts tests/e2e/clients/
COPY tests/e2e/packages/catalogue.ts tests/e2e/packages/
RUN deno run -A tools/install_clients.ts && rm -rf /var/lib/apt/lists/*
COPY . .
COPY --from=build /app/dist dist
# The base image's entry point expects a subcommand of Deno.
ENTRYPOINT ["deno", "run", "-A", "tools/gate.ts"]
CMD []

# No shell and no package manager, only libc, libgcc and certificates.
FROM gcr.io/distroless/cc-debian12
LABEL org.opencontainers.image.title="redis-proxy" \
  org.opencontainers.image.description="A caching layer in front of Redis, for HTTP and RESP on one port" \
  org.opencontainers.image.licenses="MIT"
COPY --from=build /app/dist/redis-proxy /redis-proxy
# The user "nonroot" of the base image, by number, so that an orchestrator can see it is not root.
USER 65532:65532
EXPOSE 8080
# In a container every client is remote, and the container's network decides which clients reach the
# port. As in the image of Redis, protected mode is off.
ENV RP_PROTECTED_MODE=no

# It uses RP_LISTEN_ADDRESS and RP_PORT, so set the port with its variable, not with its flag.
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["/redis-proxy", "healthcheck"]
ENTRYPOINT ["/redis-proxy"]
