// Cumulative counters in, readings per second out: the page's memory of the last five minutes.
//
// Rule 1: only answers of the same node are compared. Rule 2: a counter that fell means a restart: what is known
// of that node is forgotten. Rule 3: what cannot be known is null, never zero: a chart breaks its line there.

import { isKnown } from "./measure.js";

export const HISTORY_MS = 300_000;
const RATE_MS = 5_000;
const QUANTILE_MS = 15_000;

/** The samples of the last five minutes, oldest first. */
export class History {
  samples = [];
  #seen = new Map();

  /** Takes an answer of the server in; returns the sample that it makes.
   *
   * A clock that was set back, or another node whose clock is behind, must not draw a line back through time: what
   * was noted for later than this is dropped.
   */
  push(status) {
    const atMs = Date.parse(status.timestamp);
    const answers = this.#answersOf(status, atMs);
    const sample = sampleOf(status, atMs, answers);
    answers.push({ atMs, status });
    while (this.samples.length && this.samples.at(-1).atMs >= atMs) this.samples.pop();
    this.samples.push(sample);
    while (this.samples[0].atMs < atMs - HISTORY_MS) this.samples.shift();
    return sample;
  }

  #answersOf(status, atMs) {
    const known = this.#seen.get(status.node.id) ?? [];
    const isSameRun = known.length > 0 && !hasRestarted(known.at(-1).status, status);
    const answers = isSameRun ? known.filter((answer) => answer.atMs < atMs && answer.atMs >= atMs - QUANTILE_MS) : [];
    this.#seen.set(status.node.id, answers);
    return answers;
  }
}

function sampleOf(status, atMs, answers) {
  const recent = answers.find((answer) => answer.atMs >= atMs - RATE_MS);
  const rate = (read) => perSecond(read(status), recent && read(recent.status), recent && (atMs - recent.atMs) / 1000);
  const outcomes = [...new Set((status.events ?? []).map(({ outcome }) => outcome))];
  const growth = grown(answers[0]?.status.latency_seconds?.buckets, status.latency_seconds?.buckets);
  return {
    atMs,
    events: rate((from) => eventTotal(from)),
    outcomes: Object.fromEntries(outcomes.map((outcome) => [outcome, rate((from) => eventTotal(from, outcome))])),
    created: rate((from) => from.products?.created_total),
    revised: rate((from) => from.products?.revised_total),
    p50: growth && quantile(growth, 0.5),
    p99: growth && quantile(growth, 0.99),
    queues: Object.fromEntries((status.queues ?? []).map(({ kind, messages }) => [kind, messages])),
    released: eventTotal(status, "released"),
    deadLetters: status.dead_letters?.total ?? null,
    deliveries: rate((from) => from.realtime?.deliveries_total),
  };
}

function perSecond(now, before, seconds) {
  return isKnown(now) && isKnown(before) ? (now - before) / seconds : null;
}

/** The events of this outcome, or of all; null when this node counts none. */
export function eventTotal({ events }, outcome = null) {
  if (!events) return null;
  const counted = events.filter((event) => outcome === null || event.outcome === outcome);
  return counted.reduce((sum, { total }) => sum + total, 0);
}

function hasRestarted(before, now) {
  const isOtherRun = before.node.started_at !== now.node.started_at;
  return isOtherRun || eventTotal(now) < eventTotal(before) || now.products?.created_total < before.products?.created_total;
}

function grown(before, now) {
  return before && now ? now.map(({ le, count }, index) => ({ le, count: count - (before[index]?.count ?? 0) })) : null;
}

/** The value below which a share of the observations lies, within its bucket by straight line; null without any.
 *
 * `buckets` are cumulative, with upper bounds in rising order; the last bound is null: there its lower bound is given.
 */
export function quantile(buckets, share) {
  const total = buckets.at(-1)?.count ?? 0;
  if (total <= 0) return null;
  const index = buckets.findIndex(({ count }) => count >= share * total);
  const below = index > 0 ? buckets[index - 1] : { le: 0, count: 0 };
  const { le, count } = buckets[index];
  if (le === null || count === below.count) return below.le;
  return below.le + ((le - below.le) * (share * total - below.count)) / (count - below.count);
}
