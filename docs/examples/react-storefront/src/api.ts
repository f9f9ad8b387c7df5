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
  created_at: string;
  updated_at: string;
}

export interface ShopPage {
  products: Product[];
  pagination: { hasMore: boolean; lastEvaluatedKey: string | null; count: number };
  metadata: { sellerHandle: string; since: string | null; timestamp: string };
}

/** What `new_product` and `product_updated` carry. */
export interface ProductEvent {
  event_type: "new_product" | "product_updated";
  event_id: string;
  revision: number;
  product: Product;
  timestamp: string;
}

export interface ServerEvents {
  subscribed: (answer: { seller_handle: string; message: string; timestamp: string; recovered: boolean }) => void;
  new_product: (event: ProductEvent) => void;
  product_updated: (event: ProductEvent) => void;
  error: (problem: { code: string; message: string; timestamp: string }) => void;
}

export interface ClientEvents {
  subscribe_to_seller: (request: { seller_handle: string; since: string }) => void;
}

/** linkhub answered, but not with products. */
export class ShopError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`linkhub answered ${status}`);
    this.status = status;
  }

  /** Asking the same again cannot help. */
  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
  }
}

interface Question {
  limit?: number;
  lastKey?: string | null;
  since?: string;
  signal?: AbortSignal;
}

/** One page of a shop, newest first. */
export async function fetchShopProducts(
  seller: string,
  { limit = PAGE_LIMIT, lastKey, since, signal }: Question = {},
): Promise<ShopPage> {
  const query = new URLSearchParams({ limit: String(limit), ...(lastKey && { lastKey }), ...(since && { since }) });
  const timeout = AbortSignal.timeout(ANSWER_MS);
  const response = await fetch(`${LINKHUB_URL}/api/v1/shop/${encodeURIComponent(seller)}/products?${query}`, {
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  });
  if (!response.ok) throw new ShopError(response.status);
  return (await response.json()) as ShopPage;
}

/** Everything that changed after `since`, and the `since` for the next time. */
export async function fetchChanges(
  seller: string,
  since: string,
  signal: AbortSignal,
): Promise<{ products: Product[]; since: string }> {
  const first = await fetchShopProducts(seller, { limit: CHANGES_LIMIT, since, signal });
  const products = [...first.products];
  for (let page = first; page.pagination.hasMore; ) {
    page = await fetchShopProducts(seller, {
      limit: CHANGES_LIMIT,
      since,
      lastKey: page.pagination.lastEvaluatedKey,
      signal,
    });
    products.push(...page.products);
  }
  // The first answer's: what changes while the later ones are read is asked for again, instead of never.
  return { products, since: first.metadata.timestamp };
}
