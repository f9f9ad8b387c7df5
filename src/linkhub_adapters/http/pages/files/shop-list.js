// All shops, page by page, each with its address and its newest product. They are read when an operator asks for them.

import { element } from "./element.js";
import { countText, momentText } from "./measure.js";
import { problemText } from "./operator-api.js";

const part = (id) => document.getElementById(`shops-${id}`);

export class ShopList {
  #api;
  #next = null;

  constructor(api) {
    this.#api = api;
    part("list").addEventListener("click", () => void this.#load());
  }

  async #load() {
    const query = new URLSearchParams({ limit: 50, ...(this.#next && { lastKey: this.#next }) });
    const answer = await this.#api.ask("GET", `/api/v1/shops?${query}`);
    if (!answer.isOk) return void (part("said").textContent = problemText(answer));
    const { shops, pagination } = answer.document;
    if (this.#next === null) part("all").replaceChildren();
    this.#next = pagination.lastEvaluatedKey;
    part("all").append(...shops.map(shopItem));
    part("said").textContent = part("all").children.length ? "" : "There are no shops yet.";
    part("list").textContent = this.#next ? "More shops" : "List all shops again";
  }
}

function shopItem({ seller_handle: handle, products, withdrawn, newest_product: newest }) {
  const link = element("a", "", `@${handle}`);
  link.href = `/shop/${encodeURIComponent(handle)}`;
  const counts = `${countText(products)} shown${withdrawn ? `, ${countText(withdrawn)} withdrawn` : ""}`;
  const last = newest ? ` · ${newest.title}, ${momentText(Date.parse(newest.updated_at))}` : "";
  return element("li", "", [link, " ", element("span", "calm", counts + last)]);
}
