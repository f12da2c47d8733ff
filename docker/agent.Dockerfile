# The micro agent (docs/micro-agent.md) and nothing else: no base, no libraries, no shell. Build it in a checkout after
# npm run build:micro; for another processor than x64 with --build-arg PROCESSOR=arm64 and the like:
#
#   docker build -f docker/agent.Dockerfile -t sonde-agent .
#   docker run --cap-drop ALL --cap-add BPF --cap-add PERFMON --cap-add DAC_READ_SEARCH --cap-add SYS_PTRACE \
#     --cap-add SYSLOG --pid=host -v /sys/kernel/tracing:/sys/kernel/tracing -v /run/sonde:/run/sonde \
#     sonde-agent --unix /run/sonde/agent.sock
#   sonde opensnoop -t unix:/run/sonde/agent.sock
#
# BPF and PERFMON load and attach; DAC_READ_SEARCH reads tracefs and the programs whose functions are probed; SYS_PTRACE and
# --pid=host find them and their symbols by process; SYSLOG reads the addresses of the kernel's. A kernel before 5.8 has only
# SYS_ADMIN for the first two; so do the filters of older container engines: there add --security-opt seccomp=unconfined.
FROM scratch
ARG PROCESSOR=x64
COPY packages/agent/dist/micro/sonde-agent-${PROCESSOR} /sonde-agent
ENTRYPOINT ["/sonde-agent"]
CMD ["--help"]
