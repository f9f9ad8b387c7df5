// One dead letter in full, and an editor for its body: the faults are marked, and checked again as the text changes.
//
// The marks are lines of a copy of the text behind the field. They follow the rules of the server: it judges, nothing is
// judged here.

import { button, element } from "./element.js";
import { lineOf, linesByPath } from "./json-lines.js";
import { momentText, countText } from "./measure.js";
import { problemText } from "./operator-api.js";

const ADDRESS = "/api/v1/operator/dead-letters";
const CHECK_MS = 400;

const part = (id) => document.getElementById(`letter-${id}`);

export class LetterDialog {
  #api;
  #change;
  #letter = null;
  #checking = 0;
  #timer = null;
  #drafts = new Map();

  /** `change(action, choice)` runs a change with its confirmation, and resolves to whether it was done, to null if not wanted. */
  constructor(api, change) {
    this.#api = api;
    this.#change = change;
    part("close").addEventListener("click", () => part("dialog").close());
    part("dialog").addEventListener("close", () => this.#leave());
    part("body").addEventListener("input", () => {
      this.#mark([]);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#check(), CHECK_MS);
    });
    part("body").addEventListener("scroll", ({ target }) => (part("marks").scrollTop = target.scrollTop));
    part("kind").addEventListener("change", () => void this.#check());
    part("reset").addEventListener("click", () => this.#fill());
    part("redrive").addEventListener("click", () => void this.#redrive());
    part("purge").addEventListener("click", () => void this.#act("purge", { letter_ids: [this.#letter.letter_id] }));
  }

  async open(letterId) {
    const answer = await this.#api.ask("GET", `${ADDRESS}/${encodeURIComponent(letterId)}`);
    if (answer.status === 401) return;
    part("title").textContent = `Dead letter ${letterId}`;
    part("parts").hidden = !answer.isOk;
    part("problem").textContent = answer.isOk ? "" : problemText(answer);
    if (!part("dialog").open) part("dialog").showModal();
    if (!answer.isOk) return;
    this.#letter = answer.document;
    this.#drawFacts();
    this.#fill(this.#drafts.get(letterId));
  }

  // Escape closes the dialog at once: what was typed is there when the letter is opened again.
  #leave() {
    if (this.#letter && this.#isChanged) this.#drafts.set(this.#letter.letter_id, part("body").value);
    else this.#drafts.delete(this.#letter?.letter_id);
    const { activeElement: focused, body } = document; // the row that had the focus may be gone
    if (focused === body || part("dialog").contains(focused)) document.getElementById("dead-said").focus();
  }

  #drawFacts() {
    const letter = this.#letter;
    const attributes = Object.entries(letter.attributes).filter(([name]) => name !== "correlationId");
    const pairs = [["queue", letter.queue ?? letter.source_queue ?? "not known"], ["rejected", momentText(Date.parse(letter.rejected_at))],
      ["sent", momentText(Date.parse(letter.sent_at))], ["deliveries", countText(letter.receive_count)],
      ["correlation id", letter.correlation_id], ["message", letter.message_id], ...attributes];
    part("facts").replaceChildren(...pairs.map(([name, value]) => element("div", "", [element("dt", "", name), element("dd", "", value)])));
    part("reason").textContent = letter.reason;
    part("kind-label").hidden = letter.queue !== null;
    part("kind").value = letter.queue ?? "";
  }

  #fill(body = this.#letter.event) {
    part("body").value = body;
    part("body").scrollTop = 0;
    void this.#check();
  }

  get #isChanged() {
    return part("body").value !== this.#letter.event;
  }

  async #check() {
    clearTimeout(this.#timer);
    const number = (this.#checking += 1);
    const queue = part("kind").value;
    part("reset").disabled = !this.#isChanged;
    if (!queue) return this.#judge("Name its kind: then it can be checked.", "none", [], []);
    const answer = await this.#api.ask("POST", `${ADDRESS}/check`, { body: { queue, body: part("body").value } });
    if (number !== this.#checking) return; // the text has changed since
    if (!answer.isOk) return this.#judge(problemText(answer), "bad", [], []);
    const { would_pass: wouldPass, faults, notes } = answer.document;
    if (!wouldPass) return this.#judge(`It would be rejected: ${countText(faults.length)} fault${faults.length === 1 ? "" : "s"}.`, "bad", faults, []);
    const isRefused = this.#letter.would_pass === null && !this.#isChanged;
    this.#judge(isRefused ? "It breaks no rule: a store refused it." : "It would pass now.", "good", [], notes);
  }

  #judge(text, level, faults, notes) {
    part("verdict").textContent = text;
    part("verdict").dataset.level = level;
    const lines = linesByPath(part("body").value);
    const found = faults.map(({ field, problem }) => ({ line: faultLine(lines, field, problem), text: field ? `${field}: ${problem}` : problem }));
    part("faults").replaceChildren(...found.map(({ line, text: what }) =>
      element("li", "", [button("fault", `Line ${line + 1}: ${what}`, () => goTo(line))])));
    part("notes").replaceChildren(...notes.map(({ field, rule }) => element("li", "", `${field || "body"}: ${rule}`)));
    part("notes-title").hidden = notes.length === 0;
    this.#mark(found.map(({ line }) => line));
    part("body").setAttribute("aria-invalid", String(faults.length > 0));
  }

  #mark(marked) {
    const wrong = new Set(marked);
    part("marks").replaceChildren(...part("body").value.split("\n").map((text, line) =>
      element("span", wrong.has(line) ? "is-wrong" : "", `${text}\n`)));
    part("marks").scrollTop = part("body").scrollTop;
  }

  async #redrive() {
    const body = this.#isChanged ? { body: part("body").value } : {};
    const as = this.#letter.queue === null && part("kind").value ? { as: part("kind").value } : {};
    await this.#act("redrive", { letter_ids: [this.#letter.letter_id], ...body, ...as });
  }

  async #act(action, choice) {
    const isDone = await this.#change(action, choice);
    if (isDone) {
      part("body").value = this.#letter.event;
      part("dialog").close();
    }
    part("problem").textContent = isDone === false ? document.getElementById("dead-said").textContent : "";
  }
}

// The fault of a body that is not JSON may name the place in its own words.
function faultLine(lines, field, problem) {
  const named = field === "" && /\bline (\d+)/.exec(problem);
  return named ? Number(named[1]) - 1 : lineOf(lines, field);
}

function goTo(line) {
  const body = part("body");
  const texts = body.value.split("\n");
  const begin = texts.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
  body.focus();
  body.setSelectionRange(begin, begin + (texts[line] ?? "").length);
}
