import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "@jest/globals";
import { readPageScript } from "../../packages/host/src/cli/page-script.js";
import { flameTree } from "../../packages/host/src/picture/flame-tree.js";
import { formatPage } from "../../packages/host/src/picture/html-page.js";
import { type PictureFrame } from "../../packages/host/src/picture/stack-picture.js";
import { openPage } from "../support/browser.js";
import { requiresCommand } from "../support/requires.js";

const browsing = requiresCommand("chromium", "chromium");

const folder = mkdtempSync(join(tmpdir(), "sonde-pages-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** "mix main f": the first is a process, names that begin with "k_" are the kernel's. */
function stack(text: string): readonly PictureFrame[] {
  return text.split(" ").map((name, at) => ({
    name,
    kind: at === 0 ? "label" : name.startsWith("k_") ? "kernel" : "user",
  }));
}

function writePage(name: string): string {
  const title = "CPU profile";
  const samples = [
    { frames: stack("mix main f"), weight: 60n },
    { frames: stack("mix main h g<T>"), weight: 30n },
    { frames: stack("mix main read k_entry k_read"), weight: 10n },
  ];
  const data = { title, unit: "samples", root: flameTree({ samples }) };
  const file = join(folder, name);
  writeFileSync(file, formatPage({ title, script: readPageScript("flame-graph"), data }));
  return file;
}

describe("the page of a flame graph", () => {
  browsing("draws frames as wide as their shares, and zooms and searches by clicking", async () => {
    const { page, complaints } = await openPage(writePage("flame.html"));
    const frameOf = (name: string): ReturnType<typeof page.locator> =>
      page.locator(`g.frame[name="${name}"]`);
    const widthOf = async (name: string): Promise<number> => {
      const box = await frameOf(name).locator("rect").boundingBox();
      return box?.width ?? 0;
    };
    await frameOf("all").waitFor();
    expect(await page.locator("g.frame").count()).toBe(9);
    const whole = await widthOf("all");
    expect(whole).toBeGreaterThan(900);
    expect((await widthOf("f")) / whole).toBeCloseTo(0.6, 2);
    expect((await widthOf("g<T>")) / whole).toBeCloseTo(0.3, 2);
    expect((await widthOf("k_read")) / whole).toBeCloseTo(0.1, 2);
    const colors = await page.evaluate(
      'new Set([...document.querySelectorAll("g.frame rect")].map((one) => one.getAttribute("fill"))).size',
    );
    expect(colors).toBeGreaterThan(5);
    expect(await page.locator("#total").textContent()).toBe("100 samples");

    await frameOf("f").hover();
    expect(await page.locator("#details").textContent()).toBe("f: 60 samples, 60.0 %");

    await page.locator("#search").fill("^k_");
    expect(await page.locator("#matched").textContent()).toBe("10.0 % matched");
    expect(await frameOf("k_read").locator("rect").getAttribute("fill")).toBe("hsl(310 85% 72%)");
    await page.locator("#search").fill("(");
    expect(await page.locator("#matched").textContent()).toBe("no pattern yet");
    await page.locator("#search").fill("");
    expect(await page.locator("#matched").textContent()).toBe("");

    expect(await page.locator("#reset").isDisabled()).toBe(true);
    await frameOf("h").click();
    const width = `Number(document.querySelector('g[name="h"] rect').getAttribute("width"))`;
    await page.waitForFunction(`${width} > ${whole - 2}`);
    expect(await frameOf("f").count()).toBe(0);
    await page.locator("#reset").click();
    await page.waitForFunction(`${width} < ${whole / 2}`);
    await frameOf("f").waitFor();

    const y = (await frameOf("all").boundingBox())?.y ?? 0;
    await page.locator("#turn").click();
    await page.waitForFunction(
      `document.querySelector('g[name="all"]').getBoundingClientRect().y < ${y - 20}`,
    );
    expect(complaints).toEqual([]);
  });
});
