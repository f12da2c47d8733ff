export * from "./system/system.js";
