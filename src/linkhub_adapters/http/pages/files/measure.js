// How measures are written for an operator: rates, counts, durations, ages. Pure; "–" is an unknown value.

const COUNT = new Intl.NumberFormat("en-GB");
const MOMENT = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit",
  minute: "2-digit", second: "2-digit", timeZone: "UTC" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: "UTC" });
const DURATIONS = [[86400, "d"], [3600, "h"], [60, "min"]];

export const UNKNOWN = "–";

/** Whether there is a number at all. */
export function isKnown(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** A whole number, grouped. */
export function countText(count) {
  return isKnown(count) ? COUNT.format(count) : UNKNOWN;
}

/** Something per second: three digits that matter. */
export function rateText(perSecond) {
  if (!isKnown(perSecond)) return UNKNOWN;
  if (perSecond >= 100) return COUNT.format(Math.round(perSecond));
  return perSecond.toFixed(perSecond >= 10 ? 1 : 2);
}

/** A latency in seconds: `38 ms`, `1.24 s`, `3 min`. */
export function latencyText(seconds) {
  if (!isKnown(seconds)) return UNKNOWN;
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 60 ? `${seconds.toFixed(seconds < 10 ? 2 : 1)} s` : spanText(seconds);
}

/** A power of ten of a second, at an axis: `10 ms`, `1 s`. */
export function decadeText(seconds) {
  return seconds < 1 ? `${Number((seconds * 1000).toPrecision(1))} ms` : `${countText(seconds)} s`;
}

/** A span in seconds with its two greatest units: `3 d 4 h`. */
export function spanText(seconds) {
  if (!isKnown(seconds)) return UNKNOWN;
  const first = DURATIONS.findIndex(([unitSeconds]) => seconds >= unitSeconds);
  if (first < 0) return `${Math.max(0, Math.floor(seconds))} s`;
  const [unitSeconds, unit] = DURATIONS[first];
  const rest = DURATIONS[first + 1];
  const whole = `${Math.floor(seconds / unitSeconds)} ${unit}`;
  const remainder = rest ? Math.floor((seconds % unitSeconds) / rest[0]) : 0;
  return remainder ? `${whole} ${remainder} ${rest[1]}` : whole;
}

/** The clock in UTC, as logs tell it. */
export function clockText(atMs) {
  return `${CLOCK.format(atMs)} UTC`;
}

/** A moment of any day in UTC: `14 May, 18:35:05 UTC`. */
export function momentText(atMs) {
  return `${MOMENT.format(atMs)} UTC`;
}

/** The name of an age class between two bounds in seconds; the last has no upper one. */
export function ageClassText(fromSeconds, toSeconds) {
  if (toSeconds === null) return `over ${spanText(fromSeconds)}`;
  return fromSeconds === 0 ? `under ${spanText(toSeconds)}` : `${spanText(fromSeconds)} to ${spanText(toSeconds)}`;
}
