// One product in full: all its pictures, its caption, its sizes and tags, and its address to share.
//
// Each product has an address of its own, so that "back" closes the dialog and a shared link opens it. The server renders
// the dialog of that address open; `show` takes it over. Left and right walk through the pictures.

import { ageText, contactUrl, priceText, sizeList } from "./format.js";
import { drawPicture } from "./picture.js";
import { fillChips } from "./tiles.js";

const TIKTOK_VIDEO_ID = /^\d{15,20}$/;

/** The dialog in the page. `path(videoId)` is a product's address; `onClose(videoId)` is called when the dialog was closed. */
export class ProductDialog {
  #dialog;
  #handle;
  #path;
  #product = null;
  #index = 0;

  constructor(dialog, handle, path, onClose) {
    this.#dialog = dialog;
    this.#handle = handle;
    this.#path = path;
    // The event comes later than the closing: by then the dialog may show the next product.
    dialog.addEventListener("close", () => dialog.open || onClose(this.#product.videoId));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => this.#turn(event));
    this.#part("close").addEventListener("click", () => dialog.close());
    this.#part("share").addEventListener("click", () => this.#share());
  }

  /** The product that is shown, or null. */
  get product() {
    return this.#dialog.open ? this.#product : null;
  }

  /** Shows a product, or its newer revision when it is the one that is shown. */
  show(product) {
    const isSame = this.product?.videoId === product.videoId;
    this.#product = product;
    this.#index = isSame ? Math.min(this.#index, product.thumbnails.length - 1) : 0;
    this.#fillWords();
    this.#fillStrip();
    this.#showPicture(this.#index);
    if (this.#dialog.matches(":modal")) return;
    this.#dialog.classList.toggle("is-taken-over", this.#dialog.open);
    this.#dialog.open = false;
    this.#part("share").textContent = "Share";
    this.#dialog.showModal();
    for (const part of this.#dialog.querySelectorAll(".product-sheet, .product-words")) part.scrollTop = 0;
  }

  /** Takes the product that is shown away, and says so in its place. */
  showGone() {
    this.#dialog.classList.add("is-gone");
    this.#part("title").textContent = "This product is no longer offered";
    this.#part("gone").textContent = "The seller has removed it. Close this to see the rest of the shop.";
    this.#part("close").focus();
  }

  close() {
    this.#dialog.close();
  }

  #part(name) {
    return document.getElementById(`product-${name}`);
  }

  #fillWords() {
    const product = this.#product;
    this.#dialog.classList.remove("is-gone");
    this.#part("gone").textContent = "";
    this.#part("title").textContent = product.title;
    this.#part("price").textContent = priceText(product.price);
    this.#part("sold-out").hidden = !product.isSoldOut;
    this.#part("age").textContent = ageText(product.createdAt, Date.now());
    this.#part("caption").textContent = product.caption;
    this.#part("caption").hidden = !product.caption;
    fillChips(this.#part("sizes"), sizeList(product.sizes));
    this.#part("sizes-part").hidden = this.#part("sizes").hidden;
    fillChips(this.#part("tags"), product.tags.map((tag) => `#${tag}`));
    const contact = contactUrl(product);
    this.#part("contact").href = contact ?? "";
    this.#part("contact").hidden = contact === null;
    this.#part("video").href = `https://www.tiktok.com/@${this.#handle}/video/${product.videoId}`;
    this.#part("video").hidden = !TIKTOK_VIDEO_ID.test(product.videoId);
  }

  #fillStrip() {
    const { thumbnails } = this.#product;
    this.#part("strip").hidden = thumbnails.length < 2;
    this.#part("strip").replaceChildren(...thumbnails.map((_, index) => this.#stripItem(index)));
  }

  #stripItem(index) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "picture";
    button.ariaLabel = `Picture ${index + 1} of ${this.#product.thumbnails.length}`;
    button.addEventListener("click", () => this.#showPicture(index));
    drawPicture(button, this.#product, index, { isLazy: false });
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  #showPicture(index) {
    this.#index = index;
    drawPicture(this.#part("picture"), this.#product, index, { isLazy: false });
    const buttons = [...this.#part("strip").querySelectorAll("button")];
    buttons.forEach((button, at) => button.setAttribute("aria-current", String(at === index)));
    buttons[index]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #turn({ key }) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const count = this.#product.thumbnails.length;
    this.#showPicture((this.#index + step + count) % count);
  }

  async #share() {
    const button = this.#part("share");
    const url = new URL(this.#path(this.#product.videoId), location.href).href;
    try {
      if (navigator.share) {
        await navigator.share({ title: this.#product.title, url });
        return;
      }
      await navigator.clipboard.writeText(url);
      button.textContent = "Link copied";
    } catch (error) {
      // AbortError: the reader closed the sheet; the rest: no permission. The address bar holds the same link.
      if (error.name !== "AbortError") button.textContent = "Copy the address above";
    }
  }
}
