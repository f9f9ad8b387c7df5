// Where products come from: REST for pages, a WebSocket for live events, REST again while there is no WebSocket.
//
// Theory of operation. `cursor` is the last cursor that the server sent, over either transport. It goes back to the
// server with each subscription and each poll, and the server answers with everything that changed after it. While
// there is no subscription, REST is polled; once there is one, polling stops. If the server cannot go on from the
// cursor, the page is read again and gives a new one. A product may arrive twice: the catalog drops the second copy.

const POLL_MS = 5_000;
const PAGE_LIMIT = 20;
const CHANGES_LIMIT = 50;
const GONE = 410;
const BACKOFF_MS = { first: 400, most: 15_000 };
const ANSWER_MS = 10_000;
const HEARTBEAT_MS = 25_000;

/** An answer of the server that is not a success; `isFinal` when asking again cannot help. */
export class ShopError extends Error {
  constructor(status) {
    super(`the shop answered ${status}`);
    this.status = status;
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

  /** Products that changed after `cursor`, oldest change first, ids of those that were removed, and the next cursor; ask
   * again while `hasMore`.
   *
   * A server that may not describe its table gives no cursors: without one the answer is the first page.
   */
  async changes(cursor) {
    const answer = await this.#get("", { limit: CHANGES_LIMIT, ...(cursor && { cursor }) });
    const { products, removed, pagination, metadata } = answer;
    const hasMore = pagination.hasMore && Boolean(metadata.cursor);
    return { products, removed, readAt: metadata.timestamp, hasMore, cursor: metadata.cursor };
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

/** Live products of one shop. Calls `onProduct(raw, revision)`, `onStatus(status)` and `onLost()`, and for a product that
 * was withdrawn `onRemoved(videoId, revision, removedAt)`.
 *
 * Status is "live" (subscribed), "polling" (REST answers) or "offline" (no answer). After `onLost`, read the page again
 * and call `restart`: the server cannot replay what was missed.
 */
export class ShopFeed {
  #handle;
  #api;
  #listener;
  #cursor = null;
  #socket = null;
  #attempt = 0;
  #isSubscribed = false;
  #isLost = false;
  #polling = null;
  #retryTimer = null;
  #watchdog = null;

  constructor(handle, api, listener) {
    this.#handle = handle;
    this.#api = api;
    this.#listener = listener;
  }

  /** Begins to listen; `cursor` is the `metadata.cursor` of the page that was read. */
  start(cursor) {
    this.#cursor = cursor;
    this.#connect();
    addEventListener("online", () => this.#hurry());
    addEventListener("offline", () => this.#socket && this.#giveUp(this.#socket));
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  /** Goes on with the cursor of a page that was read again. */
  restart(cursor) {
    this.#cursor = cursor;
    this.#isLost = false;
    if (this.#isSubscribed) this.#subscribe();
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/products`);
    this.#socket = socket;
    socket.onopen = () => this.#subscribe();
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => this.#disconnected();
    this.#expectAnswer();
  }

  #subscribe() {
    this.#send("subscribe_to_seller", { seller_handle: this.#handle, cursor: this.#cursor });
  }

  #send(event, data) {
    this.#socket.send(JSON.stringify({ event, data }));
  }

  #receive(text) {
    const { event, data } = JSON.parse(text);
    this.#restWatchdog();
    if (event === "subscribed") this.#subscribed(data);
    if (event === "new_product" || event === "product_updated") this.#changed(data);
    if (event === "product_removed") this.#removed(data);
    if (event === "error") this.#refused(data);
  }

  #subscribed({ recovered }) {
    this.#attempt = 0;
    this.#isSubscribed = true;
    this.#polling = null;
    this.#listener.onStatus("live");
    if (recovered === false) this.#lose();
  }

  #changed({ product, revision, cursor }) {
    this.#listener.onProduct(product, revision ?? null);
    this.#cursor = cursor ?? this.#cursor;
  }

  #removed({ video_id: videoId, revision, timestamp, cursor }) {
    this.#listener.onRemoved(videoId, revision, timestamp);
    this.#cursor = cursor ?? this.#cursor;
  }

  #lose() {
    if (this.#isLost) return; // the page is being read already
    this.#isLost = true;
    this.#listener.onLost();
  }

  #refused({ code, message }) {
    console.warn(`linkhub: ${code}: ${message}`);
    if (!this.#isSubscribed) this.#startPolling();
  }

  #disconnected() {
    clearTimeout(this.#watchdog);
    this.#socket = null;
    this.#isSubscribed = false;
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
      await this.#readChanges(session);
    } catch (error) {
      console.info(`linkhub: polling failed: ${error.message}`);
      if (error.status === GONE) this.#lose();
      else status = "offline";
    }
    if (this.#polling === session) this.#listener.onStatus(status);
  }

  async #readChanges(session) {
    let hasMore = !this.#isLost;
    while (hasMore && this.#polling === session) {
      const changes = await this.#api.changes(this.#cursor);
      for (const product of changes.products) this.#listener.onProduct(product, null);
      for (const videoId of changes.removed ?? []) this.#listener.onRemoved(videoId, null, changes.readAt);
      this.#cursor = changes.cursor;
      hasMore = changes.hasMore;
    }
  }

  // If the network vanishes, a WebSocket stays "open" in a browser for minutes: ask it, and give it up without an answer.
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

  // close() alone waits for the peer's close frame, which does not come.
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
