import { describe, expect, test } from "@jest/globals";
import { opensnoop } from "../../src/tools/opensnoop.js";
import { linux618x64 } from "../targets/linux-6.18-x64.js";

/** The fields that the program emits for these options. */
function fieldsOf(options: Readonly<Record<string, unknown>>): string[] {
  const { program } = opensnoop.create(options, linux618x64);
  const emitted = /emit\("open", (.*)\);/.exec(program)?.[1] ?? "";
  return [...emitted.matchAll(/"(\w+)", /g)].map(([, name = ""]) => name);
}

describe("opensnoop", () => {
  test.each([
    { options: {}, fields: "pid ret comm path" },
    { options: { timestamp: true, printUid: true }, fields: "pid uid nsecs ret comm path" },
    { options: { tid: 7 }, fields: "tid ret comm path" },
    { options: { extendedFields: true }, fields: "pid ret flags mode comm path" },
    { options: { tid: 7, fullPath: true }, fields: "pid tid ret dfd comm path" },
    { options: { json: true }, fields: "pid tid uid nsecs ret flags mode dfd comm path" },
  ])("with $options sends what it shows and no more", ({ options, fields }) => {
    expect(fieldsOf(options)).toEqual(fields.split(" "));
  });

  test("filters in the kernel, by a name of any characters, too", () => {
    const { program } = opensnoop.create({ name: 'a"\\\n', uid: 5 }, linux618x64);
    expect(program).toContain('/uid == 5 && strcontains(comm, "a\\"\\\\\\x0a")/');
  });
});
