// Which of two copies of a product is the newer one. Pure: no React, no network.
//
// A product reaches the page by three ways: with a page of REST, with an event, with a poll. They overtake each other,
// so nothing here depends on their order: per video the newest copy wins, and receiving one twice changes nothing.

import type { Product, Removed } from "./api";

/** A product and, when an event or a poll brought it, what is known of that. REST does not tell the revision. */
export interface Copy {
  product: Product;
  revision: number | null;
  arrival: "new" | "updated" | null;
}

/** What came after the pages were loaded, by video id, and the last cursor that linkhub sent. */
export interface News {
  cursor: string | null;
  copies: Readonly<Record<string, Copy>>;
  removals: Readonly<Record<string, Removed>>;
  latest: Copy | null;
}

export const NO_NEWS: News = { cursor: null, copies: {}, removals: {}, latest: null };

/** A copy that REST loaded with its page. */
export function loaded(product: Product): Copy {
  return { product, revision: null, arrival: null };
}

/** A copy from an event or a poll. */
export function arrived(product: Product, revision: number | null = null): Copy {
  const isFirst = revision === null ? product.created_at === product.updated_at : revision === 1;
  return { product, revision, arrival: isFirst ? "new" : "updated" };
}

// Another created_at: the product was deleted and saved again, and begins at revision 1. What arrives is then the later
// one, also if the clocks of the servers differ. All times are of one form (UTC, milliseconds, Z), so they compare as texts.
function isNewer(copy: Copy, known: Copy): boolean {
  if (copy.product.created_at !== known.product.created_at) return copy.arrival !== null;
  if (copy.revision !== null && known.revision !== null) return copy.revision > known.revision;
  return copy.product.updated_at > known.product.updated_at;
}

// A page that was loaded before the removal must not bring the product back; a later revision does.
function isCovered({ product, revision }: Copy, removal: Removed | undefined): boolean {
  if (!removal) return false;
  if (revision !== null && removal.revision !== null) return revision <= removal.revision;
  return product.updated_at <= removal.at;
}

/** The news with those `copies` that are newer than what the page shows. */
export function addNews(news: News, shown: readonly Product[], copies: readonly Copy[], cursor = news.cursor): News {
  const onPage = new Map(shown.map((product) => [product.video_id, loaded(product)]));
  const kept: Record<string, Copy> = { ...news.copies };
  const removals: Record<string, Removed> = { ...news.removals };
  let latest = news.latest;
  for (const copy of copies) {
    const id = copy.product.video_id;
    const rivals = [kept[id], onPage.get(id)].filter((rival) => rival !== undefined);
    if (isCovered(copy, removals[id])) continue;
    if (!(id in removals) && !rivals.every((rival) => isNewer(copy, rival))) continue;
    delete removals[id];
    kept[id] = copy;
    latest = copy;
  }
  return { cursor, copies: kept, removals, latest };
}

/** The news after these removals. */
export function addRemovals(news: News, removed: readonly Removed[], cursor = news.cursor): News {
  const copies: Record<string, Copy> = { ...news.copies };
  const removals: Record<string, Removed> = { ...news.removals };
  for (const removal of removed) {
    const known = copies[removal.id];
    if (known && !isCovered(known, removal) && removal.revision !== null) continue;
    delete copies[removal.id];
    removals[removal.id] = removal;
  }
  return { cursor, copies, removals, latest: news.latest };
}

/** Pages and news as one list, in the order of REST: newest video first. */
export function merge(shown: readonly Product[], news: News): Copy[] {
  const newest = new Map(Object.entries(news.copies));
  for (const product of shown) {
    if (isCovered(loaded(product), news.removals[product.video_id])) continue;
    const known = newest.get(product.video_id);
    if (!known || isNewer(loaded(product), known)) newest.set(product.video_id, loaded(product));
  }
  return [...newest.values()].sort((a, b) => (a.product.video_id < b.product.video_id ? 1 : -1));
}
