// The grid of tiles: one per product, placed, replaced, filtered, removed; the others glide aside or close the gap.

import { ageText, lengthText, priceText, sizeList } from "./format.js";
import { drawPicture } from "./picture.js";

const SIZES_ON_TILE = 4;
const TAGS_ON_TILE = 2;
const BADGE_MS = 180_000;
const SKELETONS = 10;
const GLIDE = { duration: 420, easing: "cubic-bezier(0.2, 0.8, 0.2, 1)" };
const LEAVE = { duration: 260, easing: "ease-in", fill: "forwards" };
const LEFT = { opacity: 0, transform: "scale(0.9)" };
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/** The tiles in an `<ul>`, made from the `<template>`. */
export class TileGrid {
  #list;
  #template;
  #path;
  #tiles = new Map();
  #products = new Map();
  #tag = null;

  /** `path(videoId)` is the address of a product's page. */
  constructor(list, template, path) {
    this.#list = list;
    this.#template = template;
    this.#path = path;
  }

  /** Shows grey tiles while the first page is on its way. */
  showSkeletons() {
    const skeletons = Array.from({ length: SKELETONS }, () => {
      const tile = document.createElement("li");
      tile.className = "tile tile-skeleton";
      tile.ariaHidden = "true";
      tile.append(document.createElement("div"), document.createElement("p"), document.createElement("p"));
      return tile;
    });
    this.#list.replaceChildren(...skeletons);
    this.#list.ariaBusy = "true";
  }

  clear() {
    this.#tiles.clear();
    this.#products.clear();
    this.#list.replaceChildren();
    this.#list.ariaBusy = "false";
  }

  /** Takes over the tile of a product that the server rendered. */
  adopt(product) {
    const tile = this.#list.querySelector(`[data-video-id="${CSS.escape(product.videoId)}"]`);
    if (tile) this.#enlist(tile, product);
    else this.append(product);
  }

  /** Puts a product of a page at the end. */
  append(product) {
    this.#list.append(this.#make(product));
  }

  /** Puts products that have just arrived at the front, the newest first, and moves the others aside. */
  arrive(products, label) {
    const glide = this.#glide();
    for (const product of products) {
      const tile = this.#make(product);
      tile.classList.add("is-arriving");
      this.#mark(tile, label(product));
      this.#list.prepend(tile);
    }
    glide();
  }

  /** Replaces the content of a product's tile in its place. */
  replace(product, label) {
    const tile = this.#tiles.get(product.videoId);
    this.#fill(tile, product);
    this.#mark(tile, label);
    tile.classList.remove("is-changed");
    void tile.offsetWidth; // the animation starts again only after a layout without it
    tile.classList.add("is-changed");
  }

  /** Fades a product's tile out in its place, then lets the others close the gap, and calls `then`. */
  async remove(videoId, then) {
    const tile = this.#tiles.get(videoId);
    this.#tiles.delete(videoId);
    this.#products.delete(videoId);
    if (tile && !STILL.matches && !document.hidden) {
      tile.inert = true;
      await tile.animate([{}, LEFT], LEAVE).finished;
    }
    const glide = this.#glide();
    tile?.remove();
    glide();
    then();
  }

  /** Shows only products with this tag (lower case), all for null; answers how many are shown. */
  filter(tag) {
    this.#tag = tag;
    let shown = 0;
    for (const [videoId, tile] of this.#tiles) {
      tile.hidden = !this.passes(this.#products.get(videoId));
      shown += tile.hidden ? 0 : 1;
    }
    return shown;
  }

  /** Whether a product has the tag of the filter. */
  passes(product) {
    return this.#tag === null || product.tags.some((tag) => tag.toLowerCase() === this.#tag);
  }

  /** Renews the ages, and takes off badges that are no longer news. */
  refresh(nowMs) {
    for (const [videoId, tile] of this.#tiles) {
      tile.querySelector(".age").textContent = ageText(this.#products.get(videoId).createdAt, nowMs);
      if (nowMs - Number(tile.dataset.markedMs) > BADGE_MS) tile.querySelector(".badge").hidden = true;
    }
  }

  #make(product) {
    const tile = this.#template.content.firstElementChild.cloneNode(true);
    tile.dataset.videoId = product.videoId;
    return this.#enlist(tile, product);
  }

  #enlist(tile, product) {
    tile.addEventListener("animationend", () => tile.classList.remove("is-arriving", "is-changed"));
    this.#tiles.set(product.videoId, tile);
    this.#fill(tile, product);
    return tile;
  }

  #fill(tile, product) {
    this.#products.set(product.videoId, product);
    tile.hidden = !this.passes(product);
    drawPicture(tile.querySelector(".picture"), product);
    const link = tile.querySelector("a");
    link.href = this.#path(product.videoId);
    link.textContent = product.title;
    const price = tile.querySelector(".price");
    price.textContent = priceText(product.price);
    price.classList.toggle("is-asked", product.price === null);
    tile.classList.toggle("is-sold-out", product.isSoldOut);
    tile.querySelector(".sold-out").hidden = !product.isSoldOut;
    fillLength(tile.querySelector(".length"), product.videoSeconds);
    fillChips(tile.querySelector(".sizes"), sizeList(product.sizes), SIZES_ON_TILE);
    fillChips(tile.querySelector(".tags"), product.tags.map((tag) => `#${tag}`), TAGS_ON_TILE);
    const age = tile.querySelector(".age");
    age.dateTime = product.createdAt;
    age.textContent = ageText(product.createdAt, Date.now());
  }

  #mark(tile, label) {
    const badge = tile.querySelector(".badge");
    badge.textContent = label;
    badge.dataset.kind = label.toLowerCase();
    badge.hidden = false;
    tile.dataset.markedMs = String(Date.now());
  }

  // First, last, invert, play: what is in view glides from where it was to where it is.
  #glide() {
    if (STILL.matches || document.hidden) return () => {};
    const before = new Map();
    for (const tile of this.#list.children) {
      const box = tile.getBoundingClientRect();
      if (box.bottom > -box.height && box.top < innerHeight) before.set(tile, box);
    }
    return () => {
      for (const [tile, from] of before) {
        const to = tile.getBoundingClientRect();
        const moved = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
        if (from.left !== to.left || from.top !== to.top) tile.animate([{ transform: moved }, {}], GLIDE);
      }
    };
  }
}

function fillLength(element, seconds) {
  const text = lengthText(seconds);
  element.hidden = !text;
  element.textContent = text;
}

/** Fills a list with chips; beyond `most`, the last one says how many more there are. */
export function fillChips(list, texts, most = Infinity) {
  const chips = texts.slice(0, most).map(chip);
  if (texts.length > most) chips.push(chip(`+${texts.length - most}`));
  if (texts.length > most) chips.at(-1).className = "chip-rest";
  list.replaceChildren(...chips);
  list.hidden = chips.length === 0;
}

function chip(text) {
  const made = document.createElement("li");
  made.dir = "auto";
  made.textContent = text;
  return made;
}
