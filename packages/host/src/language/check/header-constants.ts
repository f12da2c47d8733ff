/**
 * Numbers that C programs know from headers and that are in no enumeration of the kernel's: the same on every architecture, but
 * for the signals and errors of MIPS. By prefix, then name and number.
 */
const tables: Readonly<Record<string, string>> = {
  // include/linux/socket.h
  AF_: "UNSPEC 0 UNIX 1 LOCAL 1 INET 2 AX25 3 IPX 4 APPLETALK 5 X25 9 INET6 10 KEY 15 NETLINK 16 ROUTE 16 PACKET 17 TIPC 30 BLUETOOTH 31 CAN 29 VSOCK 40 XDP 44",
  // include/uapi/asm-generic/errno-base.h, errno.h
  E: "PERM 1 NOENT 2 SRCH 3 INTR 4 IO 5 NXIO 6 2BIG 7 NOEXEC 8 BADF 9 CHILD 10 AGAIN 11 WOULDBLOCK 11 NOMEM 12 ACCES 13 FAULT 14 NOTBLK 15 BUSY 16 EXIST 17 XDEV 18 NODEV 19 NOTDIR 20 ISDIR 21 INVAL 22 NFILE 23 MFILE 24 NOTTY 25 TXTBSY 26 FBIG 27 NOSPC 28 SPIPE 29 ROFS 30 MLINK 31 PIPE 32 DOM 33 RANGE 34 NOTSUPP 524 INPROGRESS 115 TIMEDOUT 110 CONNREFUSED 111 CONNRESET 104 ADDRINUSE 98 OPNOTSUPP 95",
  // include/uapi/asm-generic/signal.h
  SIG: "HUP 1 INT 2 QUIT 3 ILL 4 TRAP 5 ABRT 6 BUS 7 FPE 8 KILL 9 USR1 10 SEGV 11 USR2 12 PIPE 13 ALRM 14 TERM 15 STKFLT 16 CHLD 17 CONT 18 STOP 19 TSTP 20 TTIN 21 TTOU 22 URG 23 XCPU 24 XFSZ 25 VTALRM 26 PROF 27 WINCH 28 IO 29 POLL 29 PWR 30 SYS 31",
  // include/uapi/linux/stat.h
  S_IF: "MT 0xf000 SOCK 0xc000 LNK 0xa000 REG 0x8000 BLK 0x6000 DIR 0x4000 CHR 0x2000 IFO 0x1000",
  // include/uapi/linux/in.h
  IPPROTO_: "IP 0 ICMP 1 TCP 6 UDP 17 IPV6 41 ICMPV6 58 SCTP 132",
  // include/uapi/linux/limits.h
  PATH_: "MAX 4096",
  NAME_: "MAX 255",
  // limits of stdint.h
  UINT: "8_MAX 255 16_MAX 65535 32_MAX 4294967295 64_MAX 18446744073709551615",
  INT: "8_MAX 127 16_MAX 32767 32_MAX 2147483647 64_MAX 9223372036854775807",
  // include/linux/sched.h
  TASK_: "COMM_LEN 16 RUNNING 0 INTERRUPTIBLE 1 UNINTERRUPTIBLE 2",
};

const constants = new Map<string, bigint>();
for (const [prefix, table] of Object.entries(tables)) {
  const words = table.split(" ");
  for (let at = 0; at + 1 < words.length; at += 2) {
    constants.set(`${prefix}${words[at] ?? ""}`, BigInt(words[at + 1] ?? 0));
  }
}

/** A number that a header gives a name to. */
export function headerConstant(name: string): bigint | undefined {
  return constants.get(name);
}

/** A signal's number by its name: "SIGKILL", "KILL", "kill". */
export function signalNumber(name: string): bigint | undefined {
  const upper = name.toUpperCase();
  return constants.get(upper.startsWith("SIG") ? upper : `SIG${upper}`);
}
