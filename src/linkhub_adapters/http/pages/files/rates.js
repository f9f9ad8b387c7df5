// Counters in, readings per second out: the page's memory of the last hour.
//
// A sample of counters comes from the history of the server, every ten seconds, or from an answer of the status, every
// second. Rule 1: only samples of the same run of a process are compared. Rule 2: a counter that fell means that one of
// the processes ended: no rate is made of it. Rule 3: what cannot be known is null, never zero: a chart breaks its line.

import { isKnown } from "./measure.js";

export const HISTORY_MS = 3_600_000;
const FINE_MS = 300_000;
const COARSE_MS = 10_000;
const RATE_MS = 5_000;
const QUANTILE_MS = 15_000;

/** The counters of an answer of the status, in the form of a sample of the history. */
export function countersOf(status) {
  const events = {};
  for (const { outcome, total } of status.events ?? []) events[outcome] = (events[outcome] ?? 0) + total;
  return {
    at: status.timestamp,
    run: `${status.node.id} ${status.node.started_at}`,
    events: status.events && events,
    created: status.products?.created_total,
    revised: status.products?.revised_total,
    own: status.own_latency_seconds?.buckets.map(({ count }) => count),
    partner: status.partner_wait_seconds?.buckets.map(({ count }) => count),
    screen: status.on_screen_seconds?.buckets.map(({ count }) => count),
    queues: status.queues && Object.fromEntries(status.queues.map(({ kind, messages }) => [kind, messages])),
    deliveries: status.realtime?.deliveries_total,
  };
}

/** The samples of the last hour, oldest first: every second of the last five minutes, every ten seconds before. */
export class History {
  samples = [];
  #bounds = [];
  #recent = [];

  /** Takes the history of the server in place of what is known. */
  load({ latency_bounds_seconds: bounds, samples }) {
    this.samples = [];
    this.#recent = [];
    for (const counters of samples) this.#push(counters, bounds);
  }

  /** Takes an answer of the status in; returns the sample that it makes. */
  push(status) {
    const times = [status.own_latency_seconds, status.on_screen_seconds].find((one) => one?.buckets.length > 0);
    return this.#push(countersOf(status), times?.buckets.map(({ le }) => le));
  }

  /** A clock that was set back must not draw a line back through time: what was noted for later is dropped. */
  #push(counters, bounds) {
    const atMs = Date.parse(counters.at);
    if (bounds) this.#bounds = bounds;
    const isSameRun = this.#recent.length > 0 && !hasRestarted(this.#recent.at(-1).counters, counters);
    this.#recent = isSameRun ? this.#recent.filter((one) => one.atMs < atMs && one.atMs >= atMs - QUANTILE_MS) : [];
    const sample = sampleOf(counters, atMs, this.#recent, this.#bounds);
    this.#recent.push({ atMs, counters });
    while (this.samples.length && this.samples.at(-1).atMs >= atMs) this.samples.pop();
    this.samples.push(sample);
    this.#thin(atMs);
    return sample;
  }

  #thin(nowMs) {
    while (this.samples[0].atMs < nowMs - HISTORY_MS) this.samples.shift();
    const place = this.samples.findIndex(({ atMs }) => atMs >= nowMs - FINE_MS) - 1;
    if (place > 0 && this.samples[place].atMs - this.samples[place - 1].atMs < COARSE_MS) this.samples.splice(place, 1);
  }

  /** How much a counter of the samples grew since then, as far as they reach back. */
  increase(field, sinceMs) {
    const known = this.samples.filter((sample) => sample.atMs >= sinceMs && isKnown(sample[field]));
    return known.reduce((sum, sample, index) => sum + Math.max(0, index && sample[field] - known[index - 1][field]), 0);
  }
}

function sampleOf(counters, atMs, recent, bounds) {
  const before = recent.findLast((one) => one.atMs <= atMs - RATE_MS) ?? recent[0];
  const rate = (read) => perSecond(read(counters), before && read(before.counters), before && (atMs - before.atMs) / 1000);
  const times = (name, share) => quantile(bounds, grown(recent[0]?.counters[name], counters[name]), share);
  return {
    atMs,
    events: rate(({ events }) => events && Object.values(events).reduce((sum, total) => sum + total, 0)),
    outcomes: Object.fromEntries(Object.keys(counters.events ?? {}).map((outcome) =>
      [outcome, rate(({ events }) => events?.[outcome] ?? 0)])),
    created: rate(({ created }) => created),
    revised: rate(({ revised }) => revised),
    ownP50: times("own", 0.5),
    ownP99: times("own", 0.99),
    partnerP50: times("partner", 0.5),
    screenP50: times("screen", 0.5),
    screenP99: times("screen", 0.99),
    queues: counters.queues ?? {},
    released: counters.events ? (counters.events.released ?? 0) : null,
    expired: counters.events ? (counters.events.expired ?? 0) : null,
    deliveries: rate(({ deliveries }) => deliveries),
  };
}

function perSecond(now, before, seconds) {
  return isKnown(now) && isKnown(before) ? (now - before) / seconds : null;
}

function hasRestarted(before, now) {
  const total = ({ events }) => Object.values(events ?? {}).reduce((sum, count) => sum + count, 0);
  return before.run !== now.run || total(now) < total(before) || now.created < before.created
    || now.screen?.at(-1) < before.screen?.at(-1);
}

function grown(before, now) {
  return before && now ? now.map((count, index) => count - (before[index] ?? 0)) : [];
}

/** The value below which a share of the observations lies, within its bucket by straight line; null without any.
 *
 * `counts` are cumulative, `bounds` rise; the last bound is null: there its lower bound is given.
 */
export function quantile(bounds, counts, share) {
  const total = counts.at(-1) ?? 0;
  if (total <= 0) return null;
  const index = counts.findIndex((count) => count >= share * total);
  const [below, countBelow] = index > 0 ? [bounds[index - 1], counts[index - 1]] : [0, 0];
  if (bounds[index] === null || counts[index] === countBelow) return below;
  return below + ((bounds[index] - below) * (share * total - countBelow)) / (counts[index] - countBelow);
}
