export * from "./spec/trace-spec.js";
