import { execsnoop } from "./execsnoop.js";
import { opensnoop } from "./opensnoop.js";
import { profile } from "./profile.js";
import { type Tool } from "./tool.js";

/** Every tool, in alphabetical order. */
export const tools: readonly Tool[] = [execsnoop, opensnoop, profile];
