#!/usr/bin/busybox sh
# On boards that have i2c: loads the drivers, and prints the path of a file that is read over it: the description of the
# graphics card's monitor.
if [ ! -e /sys/module/at24 ]; then
  for module in /usr/lib/sonde-modules/later/*.ko; do
    # The card's driver is to set no mode: it divides by zero there. The others pass over what they do not know.
    insmod "$module" fbdev_emulation=0
  done
  for bus in /sys/bus/i2c/devices/i2c-*; do
    grep -q DVI_DDC "$bus/name" && echo 24c02 0x50 >"$bus/new_device"
  done
fi
ls /sys/bus/i2c/devices/*-0050/eeprom
