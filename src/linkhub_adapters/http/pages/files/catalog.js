// What the page knows about a shop: one product per video, each in the newest revision that was seen.
//
// Rule 1: a revision is taken if it is greater than the known one.
// Rule 2: another `created_at` is taken: the product was deleted and saved again, perhaps by a server whose clock is behind.
//         The server sends no event of a product that was deleted.
// Rule 3: REST gives no revision: there the later `updated_at` is taken, and an equal one only adds the revision.
// Rule 4: a removal is remembered: a page that was read before it does not bring the product back, a later revision does.
// `readProduct` checks raw JSON: everything after it has the types that the view relies on.

import { webUrl } from "./format.js";

/** A product as the view needs it, frozen, or null when the JSON has no video id. */
export function readProduct(raw) {
  if (typeof raw?.video_id !== "string" || !raw.video_id) return null;
  const primary = readThumbnail(raw.primary_thumbnail);
  const others = listOf(raw.thumbnails).map(readThumbnail).filter((thumbnail) => thumbnail.url !== primary.url);
  return Object.freeze({
    videoId: raw.video_id,
    title: textOf(raw.title).trim() || "Untitled",
    price: typeof raw.price === "number" && Number.isFinite(raw.price) ? raw.price : null,
    isSoldOut: raw.availability === "sold_out",
    sizes: textOf(raw.sizes),
    tags: [...new Set(listOf(raw.tags).map((tag) => textOf(tag).replace(/^#+/, "").trim()).filter(Boolean))],
    caption: textOf(raw.raw_caption).trim(),
    thumbnails: [primary, ...others],
    videoSeconds: Number(raw.processing_metadata?.video_duration),
    createdAt: textOf(raw.created_at),
    updatedAt: textOf(raw.updated_at),
  });
}

function readThumbnail(raw) {
  return Object.freeze({ url: webUrl(raw?.thumbnail_url), atSeconds: Number(raw?.frame_timestamp) });
}

function textOf(value) {
  return typeof value === "string" ? value : "";
}

function listOf(value) {
  return Array.isArray(value) ? value : [];
}

/** The newest revision of each product, by video id. */
export class Catalog {
  #entries = new Map();
  #removals = new Map();

  get size() {
    return this.#entries.size;
  }

  /** The product of this video, or null. */
  get(videoId) {
    return this.#entries.get(videoId)?.product ?? null;
  }

  /** All products, in the order in which they became known. */
  products() {
    return [...this.#entries.values()].map(({ product }) => product);
  }

  /** Takes a product in and says what it was: "added", "replaced" or "stale" (dropped). */
  offer(product, revision = null) {
    const known = this.#entries.get(product.videoId);
    if (!known && isCovered({ product, revision }, this.#removals.get(product.videoId))) return "stale";
    if (!known) {
      this.#removals.delete(product.videoId);
      this.#entries.set(product.videoId, { product, revision });
      return "added";
    }
    if (isNewer({ product, revision }, known)) {
      this.#entries.set(product.videoId, { product, revision });
      return "replaced";
    }
    if (known.revision === null && product.updatedAt === known.product.updatedAt) known.revision = revision;
    return "stale";
  }

  /** Takes a removal in, of this revision or (from REST, null) as of this time; false if a newer product is known. */
  remove(videoId, revision, removedAt) {
    const known = this.#entries.get(videoId);
    if (known && revision !== null && known.revision !== null && known.revision > revision) return false;
    this.#entries.delete(videoId);
    this.#removals.set(videoId, { revision, removedAt });
    return known !== undefined;
  }

  clear() {
    this.#entries.clear();
    this.#removals.clear();
  }
}

function isCovered({ product, revision }, removal) {
  if (!removal) return false;
  if (revision !== null && removal.revision !== null) return revision <= removal.revision;
  return product.updatedAt <= removal.removedAt;
}

function isNewer(offered, known) {
  if (offered.product.createdAt !== known.product.createdAt) return true;
  if (offered.revision !== null && known.revision !== null) return offered.revision > known.revision;
  return offered.product.updatedAt > known.product.updatedAt; // times of one form compare as texts
}
