import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "@jest/globals";
import { readPageScript } from "../../packages/host/src/cli/page-script.js";
import { type HeatMapData } from "../../packages/host/src/picture/heat-map.js";
import { formatPage } from "../../packages/host/src/picture/html-page.js";
import { openPage } from "../support/browser.js";
import { requiresCommand } from "../support/requires.js";

const browsing = requiresCommand("chromium", "chromium");

const folder = mkdtempSync(join(tmpdir(), "sonde-pages-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A minute of a disk that is slower now and then, and one of which little is known. */
function writePage(): string {
  const start = new Date(2026, 5, 1, 12, 0, 0).getTime();
  const rows = Array.from({ length: 8 }, (_, at) => ({ low: 2 ** at, high: 2 ** (at + 1) - 1 }));
  const columns = Array.from({ length: 60 }, (_, at) => ({
    at: start + 1000 * at,
    counts: at % 20 === 0 ? [[2, 30] as const, [7, 10] as const] : [[2, 100 + at] as const],
  }));
  const data: HeatMapData = {
    title: "latency of disks",
    unit: "microseconds",
    maps: [
      { name: "disk = '8:0'", rows, columns },
      { name: "disk <b>", rows: rows.slice(0, 1), columns: [{ at: start, counts: [[0, 1]] }] },
    ],
  };
  const file = join(folder, "heat.html");
  writeFileSync(file, formatPage({ title: data.title, script: readPageScript("heat-map"), data }));
  return file;
}

describe("the page of a heat map", () => {
  browsing("draws what was counted over time, and looks closer where it is clicked", async () => {
    const { page, complaints } = await openPage(writePage());
    const cells = page.locator(".heat").first().locator("rect.cell");
    await cells.first().waitFor();
    expect(await cells.count()).toBe(63);
    expect(await page.locator("h2").allTextContents()).toEqual(["disk = '8:0'", "disk <b>"]);
    expect(await page.locator("#total").textContent()).toBe("7,531 times in 60 seconds");
    const rows = page.locator(".heat").first().locator("text.row");
    expect(await rows.allTextContents()).toEqual([
      "1 µs",
      "2 µs",
      "4 µs",
      "8 µs",
      "16 µs",
      "32 µs",
      "64 µs",
      "128 µs",
    ]);
    const times = page.locator(".heat").first().locator("text.time");
    expect(await times.allTextContents()).toEqual(["12:00:00", "12:00:59"]);

    // What is slower lies higher, and what is more often is darker.
    const [often, seldom] = [cells.nth(0), cells.nth(1)];
    const yOf = async (cell: typeof often): Promise<number> => (await cell.boundingBox())?.y ?? 0;
    expect(await yOf(seldom)).toBeLessThan((await yOf(often)) - 50);
    expect(await seldom.getAttribute("fill")).not.toBe(await often.getAttribute("fill"));
    await seldom.hover();
    expect(await page.locator("#details").textContent()).toBe(
      "12:00:00, 128 µs to 255 µs: 10 times, 25.0 % then",
    );

    expect(await page.locator("#reset").isDisabled()).toBe(true);
    await cells.nth(30).click();
    await page.waitForFunction(
      "document.querySelectorAll('.heat')[0].querySelectorAll('.cell').length < 20",
    );
    expect(await times.allTextContents()).not.toContain("12:00:59");
    await page.locator("#reset").click();
    await page.waitForFunction(
      "document.querySelectorAll('.heat')[0].querySelectorAll('.cell').length === 63",
    );
    await page.setViewportSize({ width: 700, height: 500 });
    await page.waitForFunction("document.querySelector('.heat svg').clientWidth < 700");
    expect(complaints).toEqual([]);
  });
});
