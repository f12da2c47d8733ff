################################################################################
#
# sonde-agent
#
################################################################################

SONDE_AGENT_VERSION = local
SONDE_AGENT_SITE = $(BR2_EXTERNAL_SONDE_PATH)/../../packages/agent/dist/micro
SONDE_AGENT_SITE_METHOD = local
SONDE_AGENT_LICENSE = MIT

# As Node, and the names of the files there, have it.
SONDE_AGENT_PROCESSOR_$(BR2_x86_64) = x64
SONDE_AGENT_PROCESSOR_$(BR2_i386) = ia32
SONDE_AGENT_PROCESSOR_$(BR2_aarch64) = arm64
SONDE_AGENT_PROCESSOR_$(BR2_arm) = arm
SONDE_AGENT_PROCESSOR_$(BR2_riscv) = riscv64
SONDE_AGENT_PROCESSOR_$(BR2_mipsel) = mipsel
SONDE_AGENT_PROCESSOR_$(BR2_powerpc64le) = ppc64
SONDE_AGENT_PROCESSOR_$(BR2_s390x) = s390x

define SONDE_AGENT_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 755 $(@D)/sonde-agent-$(SONDE_AGENT_PROCESSOR_y) $(TARGET_DIR)/usr/bin/sonde-agent
endef

define SONDE_AGENT_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 755 $(SONDE_AGENT_PKGDIR)/S90sonde-agent $(TARGET_DIR)/etc/init.d/S90sonde-agent
endef

$(eval $(generic-package))
