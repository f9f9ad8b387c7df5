// Where products come from: REST for pages, a WebSocket for what happens now, REST again while there is none.
//
// Theory of operation. `cursor` is the server's time up to which nothing was missed. It moves with REST answers
// and with live events, but not with the events of a catch-up: those come before live ones, so that a socket that
// dies in the middle of a catch-up asks for all of it again. While no subscription stands, REST is polled with the
// cursor; when one stands, polling rests. Receiving a product twice is harmless: the catalogue drops it.

const POLL_MS = 5_000;
const PAGE_LIMIT = 20;
const CATCH_UP_LIMIT = 50;
const CATCH_UP_MARGIN_MS = 5_000;
const BACKOFF_MS = { first: 400, most: 15_000 };
const ANSWER_MS = 10_000;
const HEARTBEAT_MS = 25_000;

/** An answer of the server that is not a success; `isFinal` when asking again cannot help. */
export class ShopError extends Error {
  constructor(status) {
    super(`the shop answered ${status}`);
    this.isFinal = status >= 400 && status < 500 && status !== 408 && status !== 429;
  }
}

/** The REST side of one shop. */
export class ShopApi {
  #root;

  constructor(handle) {
    this.#root = `/api/v1/shop/${encodeURIComponent(handle)}/products`;
  }

  /** One page, newest first; `lastKey` is the `lastEvaluatedKey` of the page before. */
  page(lastKey = null) {
    return this.#get("", { limit: PAGE_LIMIT, ...(lastKey && { lastKey }) });
  }

  /** Every product that changed after `since`, and the server's time when the reading began. */
  async changes(since) {
    const products = [];
    let timestamp = null;
    let lastKey = null;
    do {
      const body = await this.#get("", { limit: CATCH_UP_LIMIT, since, ...(lastKey && { lastKey }) });
      products.push(...body.products);
      timestamp ??= body.metadata.timestamp;
      lastKey = body.pagination.hasMore ? body.pagination.lastEvaluatedKey : null;
    } while (lastKey);
    return { products, timestamp };
  }

  /** One product. */
  product(videoId) {
    return this.#get(`/${encodeURIComponent(videoId)}`, {});
  }

  async #get(path, query) {
    const response = await fetch(`${this.#root}${path}?${new URLSearchParams(query)}`, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!response.ok) throw new ShopError(response.status);
    return response.json();
  }
}

/** Live products of one shop. Calls `onProduct(raw, revision)`, `onStatus(status)` and `onLost()`.
 *
 * Status is "live" (subscribed), "polling" (REST answers) or "offline" (nothing does). `onLost` says that more was
 * missed than the server replays: the page is to be read again.
 */
export class ShopFeed {
  #handle;
  #api;
  #listener;
  #cursor = null;
  #socket = null;
  #attempt = 0;
  #subscribedAtMs = null;
  #polling = null;
  #retryTimer = null;
  #watchdog = null;

  constructor(handle, api, listener) {
    this.#handle = handle;
    this.#api = api;
    this.#listener = listener;
  }

  /** Begins to listen; `cursor` is the `metadata.timestamp` of the page that was read. */
  start(cursor) {
    this.#cursor = cursor;
    this.#connect();
    addEventListener("online", () => this.#hurry());
    addEventListener("offline", () => this.#socket && this.#giveUp(this.#socket));
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  /** Moves the cursor to the time of a page that was read anew. */
  restart(cursor) {
    this.#cursor = cursor;
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/products`);
    this.#socket = socket;
    socket.onopen = () => this.#send("subscribe_to_seller", { seller_handle: this.#handle, since: this.#cursor });
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => this.#disconnected();
    this.#expectAnswer();
  }

  #send(event, data) {
    this.#socket.send(JSON.stringify({ event, data }));
  }

  #receive(text) {
    const { event, data } = JSON.parse(text);
    this.#restWatchdog();
    if (event === "subscribed") this.#subscribed(data);
    if (event === "new_product" || event === "product_updated") this.#happened(data);
    if (event === "error") this.#refused(data);
  }

  #subscribed({ timestamp, recovered }) {
    this.#attempt = 0;
    this.#subscribedAtMs = Date.parse(timestamp);
    this.#polling = null;
    this.#listener.onStatus("live");
    if (recovered === false) this.#listener.onLost();
  }

  #happened({ product, revision, timestamp }) {
    if (Date.parse(product?.updated_at) > this.#subscribedAtMs) this.#moveCursor(timestamp);
    this.#listener.onProduct(product, revision ?? null);
  }

  /** What was saved shortly before this moment may still be announced after it: ask for a little of the past again. */
  #moveCursor(timestamp) {
    const moment = Date.parse(timestamp) - CATCH_UP_MARGIN_MS;
    if (moment > Date.parse(this.#cursor)) this.#cursor = new Date(moment).toISOString();
  }

  #refused({ code, message }) {
    console.warn(`linkhub: ${code}: ${message}`);
    if (this.#subscribedAtMs === null) this.#startPolling();
  }

  #disconnected() {
    clearTimeout(this.#watchdog);
    this.#socket = null;
    this.#subscribedAtMs = null;
    const ceilingMs = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** this.#attempt);
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => this.#connect(), ceilingMs * (0.5 + Math.random() / 2));
    this.#startPolling();
  }

  #startPolling() {
    if (this.#polling) return;
    this.#polling = {};
    void this.#pollWhile(this.#polling);
  }

  async #pollWhile(session) {
    while (this.#polling === session) {
      await this.#pollOnce(session);
      await new Promise((resume) => setTimeout(resume, POLL_MS * (0.9 + Math.random() / 5)));
    }
  }

  async #pollOnce(session) {
    let status = "polling";
    try {
      const { products, timestamp } = await this.#api.changes(this.#cursor);
      // A subscription that came meanwhile was made with the older cursor, and tells all of this itself.
      if (this.#polling === session) this.#cursor = timestamp;
      for (const product of products) this.#listener.onProduct(product, null);
    } catch (error) {
      console.info(`linkhub: polling failed: ${error.message}`);
      status = "offline";
    }
    if (this.#polling === session) this.#listener.onStatus(status);
  }

  // A socket whose peer vanished without a word stays "open" in a browser for minutes: so it is asked, and given up
  // when it does not answer.
  #restWatchdog() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      this.#send("get_subscription_status", {});
      this.#expectAnswer();
    }, HEARTBEAT_MS);
  }

  #expectAnswer() {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#watchdog = setTimeout(() => this.#giveUp(socket), ANSWER_MS);
  }

  // close() alone waits for the peer's farewell, which is just what does not come.
  #giveUp(socket) {
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    if (this.#socket === socket) this.#disconnected();
  }

  #hurry() {
    if (this.#socket) return;
    this.#attempt = 0;
    this.#connect();
  }
}
