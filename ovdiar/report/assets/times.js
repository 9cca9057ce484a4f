// Formatting of times and numbers.

const two = (number) => String(number).padStart(2, "0");

// M:SS or H:MM:SS, with the given number of decimals.
export function clock(seconds, decimals = 1) {
  const scale = 10 ** decimals;
  const units = Math.round(Math.abs(seconds) * scale);
  const whole = Math.floor(units / scale);
  const fraction = decimals ? "." + String(units % scale).padStart(decimals, "0") : "";
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const sign = seconds < 0 && units ? "−" : "";
  const front = hours ? `${hours}:${two(minutes)}` : `${minutes}`;
  return `${sign}${front}:${two(whole % 60)}${fraction}`;
}

// A duration: in seconds up to a minute, then as M:SS.
export function length(seconds) {
  return seconds < 59.95 ? `${seconds.toFixed(1)} s` : clock(seconds, 0);
}

// For screen readers: 1 hour 2 minutes 3 seconds.
export function spoken(seconds) {
  const whole = Math.round(seconds);
  const counts = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]];
  return counts.filter(([count]) => count).map(([count, unit]) => counted(count, unit)).join(" ") || "0 seconds";
}

export const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

export const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
