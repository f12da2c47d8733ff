export * from "./system/system.js";
export * from "./server/agent-server.js";
