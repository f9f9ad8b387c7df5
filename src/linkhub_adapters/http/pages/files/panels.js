// What lies behind the readings: staging by age, deviations, shops, connections, nodes.
//
// Each function draws one panel again from the newest answer, and draws nothing when it has not changed: a selected text
// stays selected. A part that the server does not know is said to be unknown.

import { element } from "./element.js";
import { UNKNOWN, ageClassText, countText, rateText, spanText } from "./measure.js";

const DEVIATIONS_SHOWN = 10;
const SHOPS_SHOWN = 8;
const drawn = new Map();

/** Deviations from the event schema that were put right or left out, by rule, the most frequent first. */
export function drawDeviations(deviations) {
  if (isUnchanged("deviations", deviations)) return;
  const rows = deviations ?? [];
  const total = rows.reduce((sum, { caption, thumbnail }) => sum + caption + thumbnail, 0);
  note("deviations-note", deviations ? `${countText(total)} so far` : "not known");
  const shown = rows.slice(0, DEVIATIONS_SHOWN);
  bars("deviations", shown.map(({ rule, caption, thumbnail }) => ({ name: rule, parts: [[caption, 1], [thumbnail, 2]] })));
  facts("deviation-facts", deviations ? [
    ["captions", sumText(rows, "caption", 0), 1],
    ["thumbnails", sumText(rows, "thumbnail", 0), 2],
    ["rules met", countText(rows.length)],
  ] : []);
}

/** Halves that wait, in classes of age, captions and thumbnails apart. */
export function drawStaging(staging, ttlSeconds) {
  if (isUnchanged("staging", staging)) return;
  const classes = staging?.by_age ?? [];
  note("staging-note", staging ? `${countText(staging.count)} in all` : "not known");
  let fromSeconds = 0;
  bars("staging-ages", classes.map(({ up_to_seconds: toSeconds, caption, thumbnail }) => {
    const name = ageClassText(fromSeconds, toSeconds);
    fromSeconds = toSeconds;
    return { name, parts: [[caption, 1], [thumbnail, 2]] };
  }));
  facts("staging-facts", [
    ["captions", sumText(classes, "caption"), 1],
    ["thumbnails", sumText(classes, "thumbnail"), 2],
    ["oldest", staging?.count === 0 ? "none" : spanText(staging?.oldest_age_seconds)],
    ["expire after", spanText(ttlSeconds)],
    ["expired so far", countText(staging?.expired_total)],
  ]);
}

function sumText(rows, field, empty = UNKNOWN) {
  return rows.length ? countText(rows.reduce((sum, row) => sum + row[field], 0)) : String(empty);
}

/** Who watches which shop, the busiest first, each with its address. */
export function drawShops(realtime) {
  if (isUnchanged("shops", realtime?.sellers ?? null)) return;
  const sellers = [...(realtime?.sellers ?? [])].sort((one, other) => other.subscriptions - one.subscriptions);
  const rest = sellers.slice(SHOPS_SHOWN).reduce((sum, { subscriptions }) => sum + subscriptions, 0);
  note("shops-note", realtime ? `${countText(sellers.length)} ${sellers.length === 1 ? "shop" : "shops"} watched` : "not known");
  const rows = sellers.slice(0, SHOPS_SHOWN).map(({ seller_handle: handle, subscriptions }) => ({
    name: handle, href: `/shop/${encodeURIComponent(handle)}`, parts: [[subscriptions, 2]] }));
  if (rest) rows.push({ name: `${countText(sellers.length - SHOPS_SHOWN)} others`, parts: [[rest, 6]] });
  bars("shops", rows);
}

/** Connections by transport. */
export function drawConnections(realtime, deliveriesPerSecond) {
  note("connections-note", realtime ? `${countText(realtime.connections)} in all` : "not known");
  const transports = realtime?.by_transport ?? [];
  bars("transports", transports.map(({ transport, connections }) => ({ name: transport, parts: [[connections, 3]] })));
  facts("connection-facts", [
    ["subscriptions", countText(realtime?.subscriptions)],
    ["frames sent per second", rateText(deliveriesPerSecond)],
    ["slow readers closed", countText(realtime?.slow_readers_closed_total)],
  ]);
}

/** The processes, and when each was last heard of. */
export function drawNodes(nodes, nowMs) {
  const head = row("th", ["Node", "Role", "Up for", "Last heard", "Connections"]);
  const rows = (nodes ?? []).map((one) => {
    const silentSeconds = Math.max(0, (nowMs - Date.parse(one.last_seen_at)) / 1000);
    const line = row("td", [one.id, one.role, spanText((nowMs - Date.parse(one.started_at)) / 1000),
      silentSeconds < 2 ? "now" : `${spanText(silentSeconds)} ago`, countText(one.connections)]);
    line.classList.toggle("is-silent", silentSeconds > 30);
    return line;
  });
  document.getElementById("nodes").replaceChildren(head, ...rows);
}

function isUnchanged(name, value) {
  const text = JSON.stringify(value);
  if (drawn.get(name) === text) return true;
  drawn.set(name, text);
  return false;
}

function note(id, text) {
  document.getElementById(id).textContent = text;
}

function bars(id, rows) {
  const most = Math.max(1, ...rows.map(({ parts }) => parts.reduce((sum, [count]) => sum + count, 0)));
  document.getElementById(id).replaceChildren(...rows.map((line) => bar(line, most)));
}

function bar({ name, href, parts }, most) {
  const line = element("div", "bar");
  const title = element(href ? "a" : "span", "bar-name", name);
  if (href) title.href = href;
  const track = element("span", "bar-track");
  for (const [count, slot] of parts) {
    const fill = element("span", `bar-fill series-${slot}`);
    fill.style.width = `${(100 * count) / most}%`;
    track.append(fill);
  }
  line.append(title, track, element("b", "bar-count", countText(parts.reduce((sum, [count]) => sum + count, 0))));
  return line;
}

function facts(id, pairs) {
  document.getElementById(id).replaceChildren(...pairs.map(([name, value, slot]) => {
    const pair = element("div", slot ? `key-series series-${slot}` : "");
    pair.append(element("dt", "", name), element("dd", "", value));
    return pair;
  }));
}

function row(tag, texts) {
  const line = element("tr");
  line.append(...texts.map((text) => element(tag, "", text)));
  return line;
}
