// Intervals sorted by start, with binary search.

export class Spans {
  constructor(items) {
    this.items = items;
    this.reach = new Float64Array(items.length); // running maximum of the ends
    let reach = -Infinity;
    items.forEach((item, index) => {
      reach = Math.max(reach, item.end);
      this.reach[index] = reach;
    });
  }

  // Calls back for each item that intersects an interval, in order.
  visit(from, to, found) {
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.reach[middle] <= from) low = middle + 1;
      else high = middle;
    }
    for (let index = low; index < this.items.length && this.items[index].start < to; index++) {
      if (this.items[index].end > from) found(this.items[index]);
    }
  }

  at(time) {
    const found = [];
    this.visit(time, time + 1e-9, (item) => found.push(item));
    return found;
  }
}

// Merges overlapping or touching intervals, sorted by start.
export function union(items) {
  const merged = [];
  for (const { start, end } of items) {
    const last = merged[merged.length - 1];
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

export const total = (items) => items.reduce((sum, { start, end }) => sum + end - start, 0);
