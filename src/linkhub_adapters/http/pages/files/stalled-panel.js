// The halves that wait too long: which, for what, how long, until when, and the way to their timeline.
//
// A row is made once and its texts change in place: the keyboard's focus stays where it is while the times go on.

import { button, element } from "./element.js";
import { clockText, countText, spanText } from "./measure.js";
import { problemText } from "./operator-api.js";

const FRESH_SECONDS = 15;

const part = (id) => document.getElementById(`stalled-${id}`);

export class StalledPanel {
  #rows = new Map();
  #api;
  #explain;

  /** `explain(videoId, handle)` shows the timeline of a video. */
  constructor(api, explain) {
    this.#api = api;
    this.#explain = explain;
    part("read").addEventListener("click", () => void this.#look());
  }

  // Where rows cost money they are read for a person only; the next status has them.
  async #look() {
    write(part("problem"), "Reading …");
    const answer = await this.#api.ask("GET", "/api/v1/operator/stalled");
    write(part("problem"), answer.isOk ? "" : problemText(answer));
  }

  /** Draws the `stalled` of a status that was taken at `nowMs`; null: the server does not know. */
  draw(stalled, stallSeconds, nowMs) {
    write(part("note"), stalled ? noteText(stalled, nowMs) : "not known");
    write(part("empty"), emptyText(stalled, stallSeconds));
    part("empty").hidden = stalled?.total > 0;
    part("read").hidden = !(stalled === null || isOld(stalled, nowMs));
    const halves = stalled?.oldest ?? [];
    const rows = new Map(halves.map((half) => [keyOf(half), this.#rows.get(keyOf(half)) ?? this.#row(half)]));
    for (const half of halves) writeTimes(rows.get(keyOf(half)), half, nowMs);
    if ([...rows.keys()].join() !== [...this.#rows.keys()].join()) this.#replace(rows);
    const more = (stalled?.total ?? 0) - halves.length;
    part("more").hidden = more <= 0;
    write(part("more"), `And ${countText(more)} more: linkhub staging list names all.`);
  }

  #replace(rows) {
    const focused = document.activeElement;
    part("list").replaceChildren(...rows.values());
    if (part("list").contains(focused)) focused.focus();
    this.#rows = rows;
  }

  #row({ seller_handle: handle, video_id: videoId, waiting, missing, correlation_id: correlationId }) {
    const shop = element("a", "stalled-shop", `@${handle}`);
    shop.href = `/shop/${encodeURIComponent(handle)}`;
    const why = button("link", "Why", () => this.#explain(videoId, handle));
    why.setAttribute("aria-label", `Why ${videoId} of ${handle} waits`);
    const row = element("li", "stalled", [
      element("span", "stalled-video", [element("b", "", videoId), " ", shop]),
      element("span", "stalled-half", [element("b", "", `${missing} missing`), `, ${waiting} there`]),
      element("span", "stalled-time"),
      why,
    ]);
    if (correlationId) row.title = `correlation id: ${correlationId}`;
    return row;
  }
}

function keyOf({ seller_handle: handle, video_id: videoId, waiting }) {
  return `${handle}/${videoId}/${waiting}`;
}

function writeTimes(row, { waiting_since: since, expires_at: expires }, nowMs) {
  const [waits, left] = [nowMs - Date.parse(since), Date.parse(expires) - nowMs].map((ms) => ms / 1000);
  const end = left > 0 ? `expires in ${spanText(left)}` : "expired: the next sweep removes it";
  write(row.querySelector(".stalled-time"), `waits for ${spanText(waits)}, ${end}`);
}

// A consumer's look at the table of a cloud is some minutes old: then the page says so.
function noteText(stalled, nowMs) {
  const { total, taken_at: takenAt, is_complete: isComplete } = stalled;
  return [`${countText(total)}${isComplete ? "" : " in the first 20,000 rows"}`, total > 0 && "the oldest first",
    isOld(stalled, nowMs) && `as of ${clockText(Date.parse(takenAt))}`].filter(Boolean).join(", ");
}

function isOld({ taken_at: takenAt }, nowMs) {
  return nowMs - Date.parse(takenAt) > FRESH_SECONDS * 1000;
}

function emptyText(stalled, stallSeconds) {
  if (stalled) return `None. No half has waited for ${spanText(stallSeconds)}.`;
  return "This server does not look for them by itself, because each look reads the whole staging table.";
}

function write(part, text) {
  if (part.textContent !== text) part.textContent = text;
}
