// Why a video is, or is not, in a shop: its timeline, drawn for each seller that has it.

import { button, element } from "./element.js";
import { momentText, spanText } from "./measure.js";
import { problemText } from "./operator-api.js";

const HEADS = new Set(["at", "what", "half", "correlation_id"]);
const PAUSE_SECONDS = 5;

const part = (id) => document.getElementById(`why-${id}`);

export class WhyPanel {
  #api;
  #openLetter;

  /** `openLetter(id)` shows a dead letter. */
  constructor(api, openLetter) {
    this.#api = api;
    this.#openLetter = openLetter;
    part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#search(part("video").value.trim(), part("handle").value.trim().replace(/^@/, ""));
    });
  }

  /** Searches a video of a seller, and goes there. */
  show(videoId, handle) {
    part("video").value = videoId;
    part("handle").value = handle;
    part("title").focus();
    part("title").scrollIntoView({ block: "start" });
    void this.#search(videoId, handle);
  }

  async #search(videoId, handle) {
    part("note").textContent = "Looking …";
    part("timelines").replaceChildren();
    const query = new URLSearchParams({ videoId, ...(handle && { handle }) });
    const answer = await this.#api.ask("GET", `/api/v1/operator/why?${query}`);
    if (!answer.isOk) return void (part("note").textContent = problemText(answer));
    const { timelines, all_sellers: allSellers, queues_read: queuesRead } = answer.document;
    part("note").textContent = timelines.length ? "" : nothingText(videoId, allSellers || handle, queuesRead);
    part("timelines").replaceChildren(...timelines.map((timeline) => this.#timeline(timeline)));
  }

  #timeline({ seller_handle: handle, video_id: videoId, state, because, timeline }) {
    const head = element("h3", "", [element("span", `state is-${state}`, state), " "]);
    if (handle && !["rejected", "queued", "waiting"].includes(state)) {
      const link = element("a", "", `@${handle}`);
      link.href = `/shop/${encodeURIComponent(handle)}/products/${encodeURIComponent(videoId)}`;
      head.append(link);
    } else head.append(handle ? `@${handle}` : "no seller named");
    let beforeMs = null;
    const entries = timeline.map((entry) => {
      const atMs = Date.parse(entry.at);
      const seconds = beforeMs === null ? 0 : (atMs - beforeMs) / 1000;
      beforeMs = atMs;
      return this.#entry(entry, seconds > PAUSE_SECONDS ? `${spanText(seconds)} later` : "");
    });
    return element("article", "", [head, element("p", "calm", `${because[0].toUpperCase()}${because.slice(1)}.`),
      element("ol", "timeline", entries)]);
  }

  #entry(entry, pause) {
    const facts = Object.entries(entry).filter(([name]) => !HEADS.has(name)).map(([name, value]) =>
      name === "letter_id" ? element("div", "", [button("link", `dead letter ${value}`, () => this.#openLetter(value))])
        : element("div", "", `${name.replaceAll("_", " ")}: ${valueText(value)}`));
    if (entry.correlation_id) facts.push(element("div", "", `correlation id: ${entry.correlation_id}`));
    const time = element("time", "", momentText(Date.parse(entry.at)));
    time.dateTime = entry.at;
    return element("li", `is-${entry.what}`, [time, element("span", "pause", pause),
      element("b", "", [entry.half, entry.what].filter(Boolean).join(" ")), element("div", "timeline-facts", facts)]);
  }
}

function nothingText(videoId, isEverySeller, queuesRead) {
  const hints = [`Nothing is known of the video ${videoId}: it is in no shop, no half of it waits, and no dead letter names it.`];
  if (!isEverySeller) hints.push("Products are found by their seller here: name the seller.");
  if (!queuesRead) hints.push("Messages on the queues cannot be looked at here: wait until they are empty.");
  return [...hints, "Was it published? A half that waited too long was removed: the log line half_expired names it."].join(" ");
}

function valueText(value) {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(valueText).join("; ");
  return typeof value === "object" ? `${value.field || "body"}: ${value.rule}` : String(value);
}
