# build: makes the executable, on either kind of network; test: runs the gate; last: the image to run.

FROM denoland/deno:2.9.6 AS build
WORKDIR /app
ENV RP_TOOLS_CACHE=/tmp/tools DENO_DIR=/tmp/deno
COPY deno.json deno.loc[k] ./
COPY tools tools
COPY main.ts ./
COPY src src
RUN deno run -A tools/build.ts

FROM build AS test
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends redis-server redis-tools curl ca-certificates \
  && rm -rf /var/lib/apt/lists/*
COPY . .
ENTRYPOINT []
CMD ["deno", "run", "-A", "tools/gate.ts"]

FROM gcr.io/distroless/cc-debian12
LABEL org.opencontainers.image.title="redis-proxy" \
  org.opencontainers.image.description="A caching layer in front of Redis, for HTTP and RESP on one port" \
  org.opencontainers.image.licenses="MIT"
COPY --from=build /app/dist/redis-proxy /redis-proxy
# The image's own user "nonroot".
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["/redis-proxy", "healthcheck"]
ENTRYPOINT ["/redis-proxy"]
