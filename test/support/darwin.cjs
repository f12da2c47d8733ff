"use strict";
// Preloaded (node -r): makes a process think that it runs on a system that is not Linux.
Object.defineProperty(process, "platform", { value: "darwin" });
