# The agent on Node, for who needs what the micro agent (agent.Dockerfile) lacks: TLS. Build it in a checkout after npm ci,
# which makes packages/agent/dist:
#
#   docker build -f docker/agent-node.Dockerfile --build-arg BASE=node:20-slim -t sonde-agent-node .
#   docker run --privileged --pid=host -v /sys/kernel/tracing:/sys/kernel/tracing -v /run/sonde:/run/sonde \
#     sonde-agent-node --unix /run/sonde/agent.sock
#
# The base has to have Node 20 or later, of the processor on which npm ci was run.
ARG BASE=node:20-slim
FROM ${BASE}
COPY packages/agent/package.json /opt/sonde/node_modules/@sonde/agent/
COPY packages/agent/dist/sonde-agent*.cjs* packages/agent/dist/koffi-*.node \
  /opt/sonde/node_modules/@sonde/agent/dist/
ENTRYPOINT ["node", "/opt/sonde/node_modules/@sonde/agent/dist/sonde-agent.cjs"]
CMD ["--help"]
