import { biolatency, hardirqs, runqlat, softirqs, syscount, vfsstat } from "./count-tools.js";
import { execsnoop } from "./execsnoop.js";
import { funccount } from "./funccount.js";
import { memleak } from "./memleak.js";
import { biosnoop, tcpconnect, tcplife } from "./net-disk-tools.js";
import { offcputime } from "./offcputime.js";
import { offwaketime } from "./offwaketime.js";
import { opensnoop } from "./opensnoop.js";
import { exitsnoop, killsnoop, statsnoop } from "./process-tools.js";
import { profile } from "./profile.js";
import { stackcount } from "./stackcount.js";
import { type Tool } from "./tool.js";
import { wakeuptime } from "./wakeuptime.js";

/** Every tool, in alphabetical order. */
export const tools: readonly Tool[] = [
  biolatency,
  biosnoop,
  execsnoop,
  exitsnoop,
  funccount,
  hardirqs,
  killsnoop,
  memleak,
  offcputime,
  offwaketime,
  opensnoop,
  profile,
  runqlat,
  softirqs,
  stackcount,
  statsnoop,
  syscount,
  tcpconnect,
  tcplife,
  vfsstat,
  wakeuptime,
];
