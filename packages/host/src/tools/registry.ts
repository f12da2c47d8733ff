import { execsnoop } from "./execsnoop.js";
import { funccount } from "./funccount.js";
import { memleak } from "./memleak.js";
import { offcputime } from "./offcputime.js";
import { offwaketime } from "./offwaketime.js";
import { opensnoop } from "./opensnoop.js";
import { profile } from "./profile.js";
import { stackcount } from "./stackcount.js";
import { type Tool } from "./tool.js";
import { wakeuptime } from "./wakeuptime.js";

/** Every tool, in alphabetical order. */
export const tools: readonly Tool[] = [
  execsnoop,
  funccount,
  memleak,
  offcputime,
  offwaketime,
  opensnoop,
  profile,
  stackcount,
  wakeuptime,
];
