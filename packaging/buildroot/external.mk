# A tree of Buildroot's (BR2_EXTERNAL) with the agent. The agent is built where Sonde's sources are (`sonde agent build arm64`), by
# the same compilers of Debian's for every board, and taken from there:
#
#   make BR2_EXTERNAL=SONDE/packaging/buildroot menuconfig     # External options: sonde-agent
include $(sort $(wildcard $(BR2_EXTERNAL_SONDE_PATH)/package/*/*.mk))
