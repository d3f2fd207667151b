# The server with its runner and its pages. Build it from a clone: docker build -t dockercise:local .

FROM node:22-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM rust:1.95.0-bookworm AS build
# The image's own toolchain, without the components that only development needs.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY local local
COPY pipeline pipeline
COPY runner runner
COPY server server
COPY standins standins
COPY stories stories
COPY migrations migrations
COPY --from=web /src/web/dist web/dist
RUN cargo build --locked --release --package dockercise-server --bin dockercise

FROM debian:bookworm-slim
# git and ssh fetch the source with the repository's deploy key; curl asks after the server's health.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl git openssh-client \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/dockercise /usr/local/bin/dockercise
# Inside, every address; what is published outside is docker-compose.yml's to say.
ENV DOCKERCISE_DATA=/data DOCKERCISE_LISTEN=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
# root, for it speaks to the engine's socket, which is as much.
ENTRYPOINT ["dockercise"]
CMD ["serve"]
