# socat, as a serial bridge: a serial port of this machine, for whoever connects to a TCP port (compose.yaml). Build it with
#
#   docker build -f docker/bridge.Dockerfile -t sonde-bridge docker
#
# The base has to have socat, or to be Debian.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
RUN command -v socat || { apt-get update && apt-get install --yes --no-install-recommends socat; }
ENTRYPOINT ["socat"]
CMD ["-V"]
