// linkhub as this page knows it: the shapes on the wire, and the two questions that REST answers.

// The empty text means the page's own origin: for a linkhub behind the same proxy as the page.
export const LINKHUB_URL: string = import.meta.env.VITE_LINKHUB_URL ?? "http://localhost:3002";

const PAGE_LIMIT = 20;
const CHANGES_LIMIT = 50;
const ANSWER_MS = 10_000;

/** Only the URL is certain to be there. */
export interface Thumbnail {
  thumbnail_url: string;
  frame_timestamp?: number;
  is_primary?: boolean;
}

export interface Product {
  seller_handle: string;
  video_id: string;
  title: string;
  price: number | null;
  sizes: string | null;
  tags: string[];
  thumbnails: Thumbnail[];
  primary_thumbnail: Thumbnail;
  raw_caption?: string;
  /** Absent: in stock. */
  availability?: "sold_out";
  created_at: string;
  updated_at: string;
}

export interface ShopPage {
  products: Product[];
  /** With `cursor`: the videos whose products were withdrawn. */
  removed?: string[];
  pagination: { hasMore: boolean; lastEvaluatedKey: string | null; count: number };
  metadata: { sellerHandle: string; since: string | null; timestamp: string; cursor?: string };
}

/** What `new_product` and `product_updated` carry. */
export interface ProductEvent {
  event_type: "new_product" | "product_updated";
  event_id: string;
  revision: number;
  product: Product;
  timestamp: string;
  cursor?: string;
}

/** A product that was withdrawn. */
export interface RemovalEvent {
  event_type: "product_removed";
  event_id: string;
  revision: number;
  seller_handle: string;
  video_id: string;
  timestamp: string;
  cursor?: string;
}

export interface ServerEvents {
  subscribed: (answer: {
    seller_handle: string;
    message: string;
    timestamp: string;
    recovered: boolean;
    cursor: string | null;
  }) => void;
  new_product: (event: ProductEvent) => void;
  product_updated: (event: ProductEvent) => void;
  product_removed: (event: RemovalEvent) => void;
  error: (problem: { code: string; message: string; timestamp: string }) => void;
}

export interface ClientEvents {
  subscribe_to_seller: (request: { seller_handle: string; cursor: string }) => void;
}

/** linkhub answered, but not with products. */
export class ShopError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`linkhub answered ${status}`);
    this.status = status;
  }

  /** linkhub cannot go on from the cursor: load the page again. */
  get isCursorGone(): boolean {
    return this.status === 410;
  }

  /** The same request would fail again. */
  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
  }
}

interface Question {
  limit?: number;
  lastKey?: string | null;
  cursor?: string;
  signal?: AbortSignal;
}

/** One page of a shop, newest first; with `cursor`, what changed after it, oldest change first. */
export async function fetchShopProducts(
  seller: string,
  { limit = PAGE_LIMIT, lastKey, cursor, signal }: Question = {},
): Promise<ShopPage> {
  const query = new URLSearchParams({ limit: String(limit), ...(lastKey && { lastKey }), ...(cursor && { cursor }) });
  const timeout = AbortSignal.timeout(ANSWER_MS);
  const response = await fetch(`${LINKHUB_URL}/api/v1/shop/${encodeURIComponent(seller)}/products?${query}`, {
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  });
  if (!response.ok) throw new ShopError(response.status);
  return (await response.json()) as ShopPage;
}

/** A removal: of this revision or, from REST, as of this time. */
export interface Removed {
  id: string;
  revision: number | null;
  at: string;
}

/** Everything that changed after `cursor`, and the cursor for the next time. */
export async function fetchChanges(
  seller: string,
  cursor: string,
  signal: AbortSignal,
): Promise<{ products: Product[]; removed: Removed[]; cursor: string }> {
  const products: Product[] = [];
  const removed: Removed[] = [];
  for (let hasMore = true; hasMore; ) {
    const page = await fetchShopProducts(seller, { limit: CHANGES_LIMIT, cursor, signal });
    products.push(...page.products);
    removed.push(...(page.removed ?? []).map((id) => ({ id, revision: null, at: page.metadata.timestamp })));
    cursor = page.metadata.cursor ?? cursor;
    // Without a cursor the answer is the first page, and would be again.
    hasMore = page.pagination.hasMore && page.metadata.cursor !== undefined;
  }
  return { products, removed, cursor };
}
