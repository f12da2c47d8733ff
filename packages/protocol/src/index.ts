export * from "./channel.js";
export * from "./errors.js";
export * from "./handles.js";
export * from "./key-file.js";
export * from "./methods.js";
export * from "./plan.js";
export * from "./stream.js";
export * from "./target.js";
