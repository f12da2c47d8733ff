# The host, with an agent for the machine it runs on. Build it in a checkout after npm ci, which makes packages/*/dist:
#
#   docker build -f docker/host.Dockerfile --build-arg BASE=node:20-slim -t sonde .
#   docker run --privileged --pid=host -v /sys/kernel/tracing:/sys/kernel/tracing sonde opensnoop
#   docker run sonde trace -t ws://board:4650 …
#
# The base has to have Node 20 or later, of the processor on which npm ci was run.
ARG BASE=node:20-slim
FROM ${BASE}
COPY packages/agent/package.json /opt/sonde/node_modules/@sonde/agent/
COPY packages/agent/dist/sonde-agent*.cjs* packages/agent/dist/koffi-*.node \
  /opt/sonde/node_modules/@sonde/agent/dist/
COPY packages/host/package.json /opt/sonde/node_modules/@sonde/host/
COPY packages/host/dist/sonde*.cjs* /opt/sonde/node_modules/@sonde/host/dist/
ENTRYPOINT ["node", "/opt/sonde/node_modules/@sonde/host/dist/sonde.cjs"]
CMD ["--help"]
