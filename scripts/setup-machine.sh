#!/usr/bin/env bash
# Makes a bare Debian machine ready for `npm test`: installs what scripts/debian-packages.txt names, mounts tracefs.
# Changes nothing that is there already. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $EUID -ne 0 ]]; then
  echo "setup-machine: run me as root (installing packages and mounting tracefs need it)" >&2
  exit 1
fi

missing=()
while read -r package _; do
  [[ -z $package || $package == \#* ]] && continue
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done <scripts/debian-packages.txt

if ((${#missing[@]} > 0)); then
  echo "setup-machine: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -q -y --no-install-recommends "${missing[@]}"
else
  echo "setup-machine: every package is installed"
fi

if [[ -z $(ls -A /sys/kernel/tracing 2>/dev/null) ]]; then
  echo "setup-machine: mounting tracefs on /sys/kernel/tracing"
  mount -t tracefs tracefs /sys/kernel/tracing
fi
