# fetched: what a build fetches; build: makes the executable; test: runs the gate; last: the image
# to run. The same on either kind of network: a stage finds out by itself which one it is.

FROM denoland/deno:2.9.6 AS fetched
WORKDIR /app
# Both may be left out: which supply to take unasked (jsr or npm), and a registry to use for npm's.
ARG RP_SUPPLY
ARG NPM_CONFIG_REGISTRY
ENV RP_TOOLS_CACHE=/opt/tools DENO_DIR=/opt/deno
# Only the files that decide what is fetched: a change of the source fetches nothing again.
COPY deno.json deno.lock ./
COPY tools/bring.ts tools/bundle.ts tools/cache_folder.ts tools/command.ts tools/denort.ts \
  tools/npm.lock tools/npm_imports.json tools/supply.ts tools/
RUN deno run -A tools/bring.ts

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
RUN deno run -A tools/bring.ts oldest
COPY tools/install_clients.ts tools/install_redis.ts tools/
COPY tests/e2e/clients/catalogue.ts tests/e2e/clients/
RUN deno run -A tools/install_clients.ts && rm -rf /var/lib/apt/lists/*
COPY . .
COPY --from=build /app/dist dist
# Not by the base image's own way to start, which is about Deno's subcommands.
ENTRYPOINT ["deno", "run", "-A", "tools/gate.ts"]
CMD []

# No shell, no package manager: libc, libgcc and certificates.
FROM gcr.io/distroless/cc-debian12
LABEL org.opencontainers.image.title="redis-proxy" \
  org.opencontainers.image.description="A caching layer in front of Redis, for HTTP and RESP on one port" \
  org.opencontainers.image.licenses="MIT"
COPY --from=build /app/dist/redis-proxy /redis-proxy
# "nonroot" of the base image, by number: so an orchestrator can see that it is not root.
USER 65532:65532
EXPOSE 8080
# It asks where RP_LISTEN_ADDRESS and RP_PORT say: set a port by its variable, not by its flag.
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["/redis-proxy", "healthcheck"]
ENTRYPOINT ["/redis-proxy"]
