/**
 * What everything is bundled with that is to run in a plain ES2022 engine, from the sources.
 *
 * @satisfies {import("esbuild").BuildOptions}
 */
export const neutralOptions = {
  bundle: true,
  write: false,
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["sonde-source"],
  target: "es2022",
};
