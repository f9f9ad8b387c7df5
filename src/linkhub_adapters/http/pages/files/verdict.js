// The one line that is read at three in the morning: does it work, and when not, what is to be looked at.
//
// Pure: the newest answer and the history in, findings out, the worst first. A finding says what is, what to do, which panel
// shows it (`place`) and which entry of the runbook has more. What went wrong before the moment "seen" is not counted.

import { clockText, countText, latencyText, momentText, spanText } from "./measure.js";
import { HISTORY_MS } from "./rates.js";

const RANK = { bad: 0, warn: 1, note: 2 };
const TARGET_SECONDS = 1;
const BACKLOG_MESSAGES = 200;
const BACKLOG_MS = 300_000;
const RECENT_MS = 300_000;
const NODE_SILENCE_MS = 30_000;
const COUNTED_FROM_START_MS = 15_000;

// Each rule looks at one thing, and answers with a finding or with nothing.
const RULES = [nodeNotReady, lettersArrive, messagesComeBack, lateAnnouncements, backlogGrows, unannounced,
  halvesExpired, halvesStall, halvesExpire, nodesSilent, lettersWait, countedFromStart];

/** What is to be said: `{level, text, advice, entry, place}` with level "bad", "warn" or "note". */
export function findings(status, history) {
  const found = RULES.map((rule) => rule(status, history)).filter(Boolean);
  return found.sort((one, other) => RANK[one.level] - RANK[other.level]);
}

/** The title over the findings, and the level of the whole. */
export function verdict(found) {
  const level = found[0] && found[0].level !== "note" ? found[0].level : "good";
  return { level, title: { good: "All is well", warn: "Worth a look", bad: "Something is wrong" }[level] };
}

/** The sentence that says from when the verdict counts, and for whom. */
export function scopeText({ at, is_shared: isShared }) {
  if (at === null) return "Nothing was marked as seen yet: all dead letters count.";
  const scope = isShared ? "for everyone who uses this storage" : "on this server, until it stops";
  return `Counted from ${momentText(Date.parse(at))}, when it was marked as seen ${scope}.`;
}

function nodeNotReady({ node }) {
  if (node.state === "ready") return null;
  const advice = node.state === "draining" ? "It takes no new connections." : "See /readyz for which part does not answer.";
  return { level: "bad", text: `Node ${node.id} is ${node.state}`, advice, entry: "health" };
}

function lettersArrive({ dead_letters: letters, timestamp }) {
  if (!(letters?.unseen > 0)) return null;
  const age = letters.newest_at && spanText(Math.max(0, (Date.parse(timestamp) - Date.parse(letters.newest_at)) / 1000));
  return {
    level: "warn",
    text: `${plural(letters.unseen, "dead letter")} not seen yet${age ? `, the newest ${age} old` : ""}`,
    advice: "They are kept: mend them, put them back, or purge them.",
    entry: "linkhubeventsrejected",
    place: "dead-title",
  };
}

function messagesComeBack({ timestamp, seen }, history) {
  const nowMs = Date.parse(timestamp);
  const sinceMs = countedFrom(nowMs, seen);
  const count = history.increase("released", sinceMs);
  const isRecent = history.increase("released", Math.max(sinceMs, nowMs - RECENT_MS)) > 0;
  return count > 0 && {
    level: isRecent ? "bad" : "warn",
    text: `${plural(count, "message")} given back since ${clockText(sinceMs)}${isRecent ? "" : ", none in the last 5 min"}`,
    advice: "A store, a queue or the notifier fails: the log names it. Nothing is lost: the messages are delivered again.",
    entry: "linkhubhigherrorrate",
  };
}

function lateAnnouncements(_, history) {
  const { ownP99 } = history.samples.at(-1);
  return ownP99 !== null && ownP99 > TARGET_SECONDS && {
    level: "warn",
    text: `1 % of the products take linkhub more than ${latencyText(ownP99)}`,
    advice: "This counts from the arrival of the second half. The cause is a backlog, a slow store or a busy machine.",
    entry: "linkhub-itself-is-slow",
  };
}

function backlogGrows({ queues, timestamp }, history) {
  const first = history.samples.find(({ atMs }) => atMs >= Date.parse(timestamp) - BACKLOG_MS);
  const grown = (queues ?? []).find(({ kind, messages }) =>
    messages > BACKLOG_MESSAGES && messages > (first?.queues[kind] ?? messages) * 1.5);
  return grown && {
    level: "warn",
    text: `The ${grown.kind} queue grows: ${countText(grown.messages)} messages`,
    advice: "Messages arrive faster than consumers process them: start another linkhub consume.",
    entry: "linkhubqueuegrows",
  };
}

function unannounced({ products }) {
  return products?.unannounced > 0 && {
    level: "warn",
    text: `${plural(products.unannounced, "product")} saved and not yet announced`,
    advice: "Their messages are delivered again, and then they are announced; linkhub sweep announces them now.",
    entry: "products-are-saved-and-not-announced",
  };
}

function halvesExpired({ timestamp, seen }, history) {
  const sinceMs = countedFrom(Date.parse(timestamp), seen);
  const count = history.increase("expired", sinceMs);
  return count > 0 && {
    level: "warn",
    text: `${plural(count, "half", "halves")} expired since ${clockText(sinceMs)}`,
    advice: "No partner came in time, so they are in no shop: half_expired in the log names them.",
    entry: "linkhubhalvesexpired",
  };
}

// A half that stalled before the moment "seen" still waits, and an operator knows of it.
function halvesStall({ stalled, seen, settings }) {
  if (!(stalled?.total > 0)) return null;
  const isSeen = Date.parse(stalled.newest_at) <= Date.parse(seen?.at);
  const missing = Object.entries(stalled.missing).filter(([, count]) => count > 0);
  return {
    level: isSeen ? "note" : "warn",
    text: `${plural(stalled.total, "half has", "halves have")} waited for more than ${spanText(settings.stall_seconds)}${isSeen ? ", all of them seen" : ""}`,
    advice: `Missing: ${missing.map(([kind, count]) => plural(count, kind)).join(" and ")}.`,
    entry: "linkhubhalvesstalled",
    place: "stalled-title",
  };
}

function halvesExpire({ staging, settings }) {
  const [age, limit] = [staging?.oldest_age_seconds, settings.staging_ttl_seconds];
  return age > limit * 0.9 && {
    level: "warn",
    text: `A half has waited for ${spanText(age)} and ${age < limit ? "is about to expire" : "is removed by the next sweep"}`,
    advice: "Its other worker may be down, or its other half was rejected.",
    entry: "linkhubhalvesnearexpiry",
    place: "stalled-title",
  };
}

function nodesSilent({ nodes, timestamp }) {
  const silent = (nodes ?? []).filter(({ last_seen_at: seen }) => Date.parse(timestamp) - Date.parse(seen) > NODE_SILENCE_MS);
  return silent.length > 0 && {
    level: "warn",
    text: `Nothing was heard from ${silent.map(({ id }) => id).join(", ")} for more than 30 s`,
    advice: "It ended without a clean stop, or hangs: look at its log. Ten minutes after its last report it leaves the list.",
    entry: "a-process-is-missing",
  };
}

function lettersWait({ dead_letters: letters }) {
  return letters?.total > 0 && letters.unseen === 0 && {
    level: "note",
    text: `${plural(letters.total, "dead letter")} kept, all of them seen`,
    advice: "",
    entry: "linkhubdeadletters",
    place: "dead-title",
  };
}

// What a process counted is gone when it ends: silence about the time before would pass for "nothing happened".
function countedFromStart({ node, seen, timestamp, events }) {
  const startedMs = Date.parse(node.started_at);
  const countedFromMs = countedFrom(Date.parse(timestamp), seen);
  return events && startedMs > countedFromMs + COUNTED_FROM_START_MS && {
    level: "note",
    text: `Messages given back and expired halves are counted from ${clockText(startedMs)}`,
    advice: "This process started then; its counters do not include earlier events.",
    entry: null,
  };
}

// What went wrong earlier was seen, or is too long ago for the history.
function countedFrom(nowMs, seen) {
  return Math.max(nowMs - HISTORY_MS, Date.parse(seen?.at) || 0);
}

function plural(count, noun, many = `${noun}s`) {
  return `${countText(count)} ${count === 1 ? noun : many}`;
}
