import { type Tool, type ToolOptions } from "./tool.js";

/** What a tool's options are when none is given. */
export function defaultOptions({ options }: Pick<Tool, "options">): ToolOptions {
  const defaults = options.flatMap(({ flags, default: value }) => {
    const name = /--([\w-]+)/.exec(flags)?.[1];
    return name === undefined || value === undefined ? [] : [[camelCase(name), value] as const];
  });
  return Object.fromEntries(defaults);
}

function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
