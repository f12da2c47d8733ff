# A recipe of Yocto's with the agent. It is built before, where Sonde's sources are (`sonde agent build arm64`), by the same
# compilers of Debian's for every board; SONDE in local.conf says where that is:
#
#   SONDE = "/home/me/sonde"
#   IMAGE_INSTALL:append = " sonde-agent"
SUMMARY = "Lets a sonde on another machine trace this one with eBPF"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${SONDE}/LICENSE;md5=00093f3a9c652d807628a6dbb01f6783"

SONDE_PROCESSOR:x86-64 = "x64"
SONDE_PROCESSOR:x86 = "ia32"
SONDE_PROCESSOR:aarch64 = "arm64"
SONDE_PROCESSOR:arm = "arm"
SONDE_PROCESSOR:riscv64 = "riscv64"
SONDE_PROCESSOR:mipsel = "mipsel"
SONDE_PROCESSOR:powerpc64le = "ppc64"

SRC_URI = "file://${SONDE}/packages/agent/dist/micro/sonde-agent-${SONDE_PROCESSOR} \
           file://${SONDE}/packaging/sonde-agent.service"

inherit systemd
SYSTEMD_SERVICE:${PN} = "sonde-agent.service"
# It is static, and stripped already.
INSANE_SKIP:${PN} += "already-stripped"

do_install() {
    install -D -m 755 ${SONDE}/packages/agent/dist/micro/sonde-agent-${SONDE_PROCESSOR} ${D}${bindir}/sonde-agent
    install -D -m 644 ${SONDE}/packaging/sonde-agent.service ${D}${systemd_system_unitdir}/sonde-agent.service
    # Where this distribution has programs, which is not /usr/local.
    sed -i 's,/usr/local/bin,${bindir},' ${D}${systemd_system_unitdir}/sonde-agent.service
}
