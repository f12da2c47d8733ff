/** Of so many things in order, of which those that meet a condition come first: the index of the last that does; -1 for none. */
export function lastThat(count: number, meets: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (meets(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
