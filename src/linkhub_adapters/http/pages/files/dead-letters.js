// The dead letters: by reason, one by one, and what can be done with them: put back or purged, many at a time.
//
// Nothing is changed without a dry run, whose outcome the confirmation shows. A change names the letters of that dry run,
// so a letter that comes meanwhile is not touched.

import { confirmed } from "./confirm.js";
import { button, element } from "./element.js";
import { LetterDialog } from "./letter-dialog.js";
import { momentText, countText } from "./measure.js";
import { problemText } from "./operator-api.js";

const ADDRESS = "/api/v1/operator/dead-letters";
const PAGE = 50;
const MOST_ON_A_PAGE = 200;
const AT_ONCE = 5_000;
const RELOAD_MS = 5_000;
const UNKNOWN = "unknown queue";

const part = (id) => document.getElementById(`dead-${id}`);

export class DeadLetters {
  #api;
  #dialog;
  #group = null;
  #selected = new Set();
  #letters = [];
  #total = 0;
  #next = null;
  #known = "";
  #loadedAtMs = 0;
  #isWanted = false;

  constructor(api) {
    this.#api = api;
    this.#dialog = new LetterDialog(api, (action, choice) => this.#change(action, choice));
    part("read").addEventListener("click", () => {
      this.#isWanted = true;
      void this.load();
    });
    part("more").addEventListener("click", () => void this.load(this.#next));
    part("redrive").addEventListener("click", () => void this.#change("redrive", this.#choice()));
    part("purge").addEventListener("click", () => void this.#change("purge", this.#choice()));
    part("all").addEventListener("change", ({ target }) => {
      for (const { letter_id: id } of this.#letters) this.#select(id, target.checked);
      this.#drawList();
    });
  }

  /** Opens a letter, as a link of a timeline does. */
  open(letterId) {
    void this.#dialog.open(letterId);
  }

  /** Takes the newest status in. The list is read again when it has changed, not more often than every few seconds. */
  follow(letters) {
    part("note").textContent = letters ? this.#noteText(letters) : "not known";
    part("read").hidden = !letters || letters.is_read || this.#isWanted;
    if (!letters || !(letters.is_read || this.#isWanted)) return;
    const state = `${letters.total} ${letters.newest_at}`;
    const isDue = performance.now() - this.#loadedAtMs > RELOAD_MS || this.#known === "";
    if (state === this.#known || !isDue || document.querySelector("dialog[open]")) return;
    this.#known = state;
    const isLong = this.#letters.length > PAGE; // older ones were asked for: they stay below the newer ones
    void this.load(null, isLong ? Math.min(MOST_ON_A_PAGE, Math.max(PAGE, this.#letters.length + letters.total - this.#total)) : PAGE);
  }

  #noteText({ total, unseen }) {
    return `${countText(total)} kept${unseen ? `, ${countText(unseen)} not seen` : ""}`;
  }

  /** Reads the first page, or the one after a cursor. */
  async load(after = null, limit = PAGE) {
    this.#loadedAtMs = performance.now();
    const query = new URLSearchParams({ limit, ...(after && { after }), ...this.#group });
    const answer = await this.#api.ask("GET", `${ADDRESS}?${query}`);
    if (!answer.isOk) return this.#say(problemText(answer));
    const { letters, total, groups, next, is_complete: isComplete } = answer.document;
    this.#letters = after ? [...this.#letters, ...letters] : letters;
    this.#total = total;
    this.#next = next;
    if (this.#group && total === 0) { // the last one with this reason has gone
      this.#group = null;
      return this.load();
    }
    if (this.#group) part("groups").querySelector("[aria-pressed=true] .bar-count").textContent = countText(total);
    else this.#drawGroups(groups);
    this.#drawList();
    part("incomplete").hidden = isComplete;
  }

  #drawGroups(groups) {
    const most = Math.max(1, ...groups.map(({ count }) => count));
    part("groups").replaceChildren(...groups.map(({ reason, queue, count }) => {
      const fill = element("span", "bar-fill series-5");
      fill.style.width = `${(100 * count) / most}%`;
      const row = button("group", "", () => this.#choose(row, { group: reason, queue: queue.split(" ")[0] }));
      row.setAttribute("aria-pressed", "false");
      row.append(element("span", "group-reason", reason), element("span", "group-queue", queue),
        element("b", "bar-count", countText(count)), element("span", "bar-track", [fill]));
      return element("li", "", [row]);
    }));
  }

  #choose(row, group) {
    const isChosen = row.getAttribute("aria-pressed") === "true";
    for (const other of part("groups").querySelectorAll("button")) other.setAttribute("aria-pressed", "false");
    row.setAttribute("aria-pressed", String(!isChosen));
    this.#group = isChosen ? null : group;
    this.#selected.clear();
    void this.load();
  }

  #drawList() {
    const focused = document.activeElement?.closest?.("#dead-list")
      && [document.activeElement.className, document.activeElement.dataset.letterId];
    part("list").replaceChildren(...this.#letters.map((letter) => this.#row(letter)));
    if (focused) part("list").querySelector(`.${focused[0]}[data-letter-id="${CSS.escape(focused[1])}"]`)?.focus();
    part("empty").hidden = this.#total > 0;
    part("tools").hidden = this.#total === 0;
    part("more").hidden = this.#next === null;
    part("all").checked = this.#letters.length > 0 && this.#letters.every(({ letter_id: id }) => this.#selected.has(id));
    const scope = this.#selected.size ? `${countText(this.#selected.size)} selected`
      : this.#group ? `all ${countText(this.#total)} with this reason` : `all ${countText(this.#total)}`;
    part("scope").textContent = scope;
  }

  #row(letter) {
    const id = letter.letter_id;
    const box = element("input", "letter-box");
    box.type = "checkbox";
    box.dataset.letterId = id;
    box.checked = this.#selected.has(id);
    box.setAttribute("aria-label", `Select dead letter ${id}`);
    box.addEventListener("change", () => {
      this.#select(id, box.checked);
      this.#drawList();
    });
    const open = button("letter-open", "", () => void this.#dialog.open(id));
    open.dataset.letterId = id;
    open.append(element("span", "letter-what", letter.reason),
      element("span", "letter-where", [letter.queue ?? UNKNOWN, letter.seller_handle && `@${letter.seller_handle}`,
        letter.video_id].filter(Boolean).join(" · ")),
      element("span", `letter-now is-${letter.would_pass}`, nowText(letter)),
      element("time", "letter-time", momentText(Date.parse(letter.rejected_at))));
    return element("li", "letter", [box, open]);
  }

  #select(id, isSelected) {
    if (isSelected) this.#selected.add(id);
    else this.#selected.delete(id);
  }

  #choice() {
    if (this.#selected.size) return { letter_ids: [...this.#selected] };
    return this.#group ?? { all: true };
  }

  /** Dry run, confirmation, change; resolves to whether it was done, to null if the answer was no. */
  async #change(action, choice) {
    const dry = await this.#api.ask("POST", `${ADDRESS}/${action}`, { body: { ...choice, dry_run: true } });
    if (!dry.isOk) return this.#say(problemText(dry));
    const { chosen, left } = dry.document;
    const movable = left.map(({ letter_id: id }) => id);
    if (!chosen.length && !movable.length) return this.#say("They are not there any more: another operator was faster.");
    const answer = await confirmed(action === "purge" ? purgeQuestion(chosen) : redriveQuestion(chosen, left, choice));
    if (!answer) return null;
    const ids = answer.force ? [...chosen, ...movable] : chosen;
    return this.#carryOut(action, ids, { ...(answer.force && { force: true }), ...pick(choice, "as", "body") });
  }

  async #carryOut(action, ids, options) {
    let changed = 0;
    for (let begin = 0; begin < ids.length; begin += AT_ONCE) {
      const body = { letter_ids: ids.slice(begin, begin + AT_ONCE), ...options, dry_run: false };
      const answer = await this.#api.ask("POST", `${ADDRESS}/${action}`, { body });
      if (!answer.isOk) return this.#say(`${countText(changed)} done, then: ${problemText(answer)}`);
      changed += answer.document.changed;
    }
    for (const id of ids) this.#selected.delete(id);
    this.#say(`${action === "purge" ? "Purged" : "Put back"}: ${countText(changed)}.`);
    await this.load();
    if (document.activeElement === document.body) part("said").focus();
    return true;
  }

  #say(text) {
    part("said").textContent = text;
    return false;
  }
}

/** What the present rules say of a letter. */
export function nowText({ queue, would_pass: wouldPass }) {
  if (queue === null) return "name its kind to know";
  if (wouldPass === null) return "a store refused it";
  return wouldPass ? "would pass now" : "would be rejected again";
}

function purgeQuestion(chosen) {
  const effect = chosen.length === 1 ? "It is deleted for good, with its body." : "They are deleted for good, with their bodies.";
  return { question: `Purge ${letters(chosen.length)}?`, effect, yes: "Purge", isFinal: true };
}

function redriveQuestion(chosen, left, { body }) {
  const what = body === undefined ? "unchanged" : "with the body of the editor";
  const stay = left.length ? `${letters(left.length)} would stay: ${reasonsOf(left)}.` : "";
  const go = `Their messages go back to their queues ${what}, and the dead letters are removed.`;
  return {
    question: chosen.length ? `Put back ${letters(chosen.length)}?` : "Nothing would go back",
    effect: [chosen.length ? go : "", stay].filter(Boolean).join(" "),
    yes: "Put back",
    force: left.length ? `Put back what would stay, too (${countText(left.length)})` : "",
    isYesPossible: chosen.length > 0,
  };
}

function reasonsOf(left) {
  const reasons = left.map(({ faults: [first] }) => (first ? [first.field, first.problem].filter(Boolean).join(": ") : "a store refused it"));
  return [...new Set(reasons)].slice(0, 3).join("; ");
}

function letters(count) {
  return `${countText(count)} dead letter${count === 1 ? "" : "s"}`;
}

function pick(object, ...names) {
  return Object.fromEntries(names.filter((name) => object[name] !== undefined).map((name) => [name, object[name]]));
}
