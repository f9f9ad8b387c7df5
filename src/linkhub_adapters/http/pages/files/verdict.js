// The one line that is read at three in the morning: does it work, and when not, what is to be looked at.
//
// Pure: the newest answer and the history in, findings out, the worst first. A finding says what is, and what to do.

import { countText, latencyText, spanText } from "./measure.js";

const RANK = { bad: 0, warn: 1, note: 2 };
const TARGET_SECONDS = 1;
const BACKLOG_MESSAGES = 200;
const NODE_SILENCE_MS = 30_000;

// Each rule looks at one thing, and answers with a finding or with nothing.
const RULES = [nodeNotReady, lettersArrive, messagesComeBack, lateAnnouncements, backlogGrows, unannounced,
  halvesExpire, nodesSilent, lettersWait];

/** What is to be said: `{level, text, advice}` with level "bad", "warn" or "note". */
export function findings(status, history) {
  const found = RULES.map((rule) => rule(status, history)).filter(Boolean);
  return found.sort((one, other) => RANK[one.level] - RANK[other.level]);
}

/** The title over the findings, and the level of the whole. */
export function verdict(found) {
  const level = found[0] && found[0].level !== "note" ? found[0].level : "good";
  return { level, title: { good: "All is well", warn: "Worth a look", bad: "Something is wrong" }[level] };
}

function nodeNotReady({ node }) {
  if (node.state === "ready") return null;
  const advice = node.state === "draining" ? "It takes no new connections." : "See /readyz for which part does not answer.";
  return { level: "bad", text: `Node ${node.id} is ${node.state}`, advice };
}

function lettersArrive(_, history) {
  const count = increase(history, "deadLetters");
  return count > 0 && {
    level: "warn",
    text: `${plural(count, "message")} rejected in the last ${windowText(history)}`,
    advice: "They are kept: look inside below, then linkhub dead-letters redrive or purge.",
  };
}

function messagesComeBack(_, history) {
  const count = increase(history, "released");
  return count > 0 && {
    level: "bad",
    text: `${plural(count, "message")} given back in the last ${windowText(history)}`,
    advice: "A store, a queue or the notifier fails. Nothing is lost, they come again: the log says which.",
  };
}

function lateAnnouncements(_, history) {
  const { p99 } = history.at(-1);
  return p99 !== null && p99 > TARGET_SECONDS && {
    level: "warn",
    text: `1 % of the products are announced only after ${latencyText(p99)}`,
    advice: "The time counts from the first half: late partners do this too, a backlog does it to all.",
  };
}

function backlogGrows({ queues }, history) {
  const grown = (queues ?? []).find(({ kind, messages }) => {
    const before = history.find((sample) => sample.queues[kind] !== undefined)?.queues[kind] ?? messages;
    return messages > BACKLOG_MESSAGES && messages > before * 1.5;
  });
  return grown && {
    level: "warn",
    text: `The ${grown.kind} queue grows: ${countText(grown.messages)} messages`,
    advice: "More comes than is worked off: start another linkhub consume.",
  };
}

function unannounced({ products }) {
  return products?.unannounced > 0 && {
    level: "warn",
    text: `${plural(products.unannounced, "product")} saved and not yet announced`,
    advice: "Their messages come again and announce them; linkhub sweep does it now.",
  };
}

function halvesExpire({ staging, settings }) {
  return staging?.oldest_age_seconds > settings.staging_ttl_seconds * 0.9 && {
    level: "warn",
    text: `A half has waited for ${spanText(staging.oldest_age_seconds)} and is about to expire`,
    advice: "Its other worker may be down: linkhub staging list names the video.",
  };
}

function nodesSilent({ nodes, timestamp }) {
  const silent = (nodes ?? []).filter(({ last_seen_at: seen }) => Date.parse(timestamp) - Date.parse(seen) > NODE_SILENCE_MS);
  return silent.length > 0 && {
    level: "warn",
    text: `Nothing was heard from ${silent.map(({ id }) => id).join(", ")} for more than 30 s`,
    advice: "It ended without a clean stop, or hangs: look at its log. Ten minutes after its last report it leaves the list.",
  };
}

function lettersWait({ dead_letters: letters }, history) {
  return letters?.total > 0 && increase(history, "deadLetters") === 0 && {
    level: "note",
    text: `${plural(letters.total, "dead letter")} from before, none new`,
    advice: "",
  };
}

function increase(history, field) {
  const known = history.filter((sample) => sample[field] !== null);
  return known.length > 1 ? Math.max(0, known.at(-1)[field] - known[0][field]) : 0;
}

function windowText(history) {
  const seconds = (history.at(-1).atMs - history[0].atMs) / 1000;
  return spanText(seconds > 90 ? Math.round(seconds / 60) * 60 : seconds);
}

function plural(count, noun) {
  return `${countText(count)} ${noun}${count === 1 ? "" : "s"}`;
}
