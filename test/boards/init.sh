#!/usr/bin/busybox sh
# The first program of a board: mounts, network, an agent that is started again when it ends, something to trace, and a
# shell over TCP. /etc/sonde-board holds what differs between boards.
export PATH=/usr/bin:/usr/sbin
/usr/bin/busybox --install -s /usr/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
mount -t bpf bpf /sys/fs/bpf
. /etc/sonde-board

echo "sonde-board: $NAME, $(uname -srm)"
hostname "$NAME"
# Where Debian has it.
mv /boot/config "/boot/config-$(uname -r)"
[ -n "$HIDE_BTF" ] && mount -t tmpfs none /sys/kernel/btf

for module in /usr/lib/sonde-modules/*.ko; do
  insmod "$module" || echo "sonde-board: cannot load $module"
done
ip link set lo up
# The kernel finds the card a moment after its driver has been loaded.
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -e /sys/class/net/eth0 ] && break
  sleep 0.1
done
ip link set eth0 up
ip address add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2

# A shell for whoever connects: boards are reachable from this machine alone.
nc -ll -p 4651 -e /usr/bin/sh &

# Something to trace, always the same: cat reads a file that is there and one that is not, and dash calls the C library.
echo "$NAME" >/etc/hostname
while :; do
  /usr/bin/cat /etc/hostname /etc/none
  /usr/bin/dash -c 'read -r name </etc/hostname'
  sleep 1
done >/dev/null 2>&1 &

if [ ! -e /usr/bin/sonde-agent ]; then
  echo "sonde-board: no agent"
  exec sleep 1000000000
fi
# On the console, which tells whoever waits for it that the agent listens.
while :; do
  sonde-agent $AGENT_OPTIONS 2>&1 &
  echo $! >/run/sonde-agent.pid
  wait $!
  echo "sonde-board: the agent ended with $?"
  sleep 0.5
done
