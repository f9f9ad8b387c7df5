// The listing of one product, and the buttons that change its availability. Each change asks for a confirmation.
//
// A change carries the entity tag of the listing that is shown: if someone else changed it meanwhile, nothing is changed,
// and the new one is shown.

import { confirmed } from "./confirm.js";
import { problemText } from "./operator-api.js";

const NAMES = { in_stock: "in stock", sold_out: "sold out", withdrawn: "withdrawn" };
const EFFECTS = {
  in_stock: "The shop shows it as available.",
  sold_out: "The shop shows it as sold out.",
  withdrawn: "It disappears from the shop at once, on every open page. You can put it back.",
};
const PROBLEMS = { 404: "This shop has no product of that video.", 412: "Someone else changed it meanwhile. This is its state now." };

const part = (id) => document.getElementById(`listing-${id}`);

export class ListingPanel {
  #api;
  #address = null;
  #etag = null;

  constructor(api) {
    this.#api = api;
    part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const [handle, videoId] = [part("handle").value, part("video").value].map(encodeURIComponent);
      this.#address = `/api/v1/shop/${handle}/products/${videoId}/listing`;
      void this.#ask("GET");
    });
    part("buttons").addEventListener("click", ({ target }) => {
      if (target.dataset.availability) void this.#change(target.dataset.availability);
    });
  }

  async #change(availability) {
    const name = `${part("video").value} of @${part("handle").value}`;
    if (!(await confirmed({ question: `Make ${name} ${NAMES[availability]}?`, effect: EFFECTS[availability] }))) return;
    if ((await this.#ask("PATCH", { availability })) === 412) await this.#ask("GET", null, PROBLEMS[412]);
  }

  async #ask(method, change = null, note = "") {
    const answer = await this.#api.ask(method, this.#address, change ? {
      body: change, headers: { "If-Match": this.#etag, "Content-Type": "application/merge-patch+json" },
    } : {});
    if (answer.isOk) this.#show(answer.etag, answer.document, change ? "Saved." : note);
    else this.#fail(PROBLEMS[answer.status] ?? problemText(answer));
    return answer.status;
  }

  #show(etag, { availability, title, price }, note) {
    this.#etag = etag;
    part("facts").hidden = part("buttons").hidden = false;
    part("availability").textContent = NAMES[availability] ?? availability;
    part("title-text").textContent = title ?? "as parsed";
    part("price").textContent = price ?? "as parsed";
    for (const button of part("buttons").children) button.disabled = button.dataset.availability === availability;
    part("note").textContent = note;
  }

  #fail(text) {
    part("facts").hidden = part("buttons").hidden = true;
    part("note").textContent = text;
  }
}
