// The storefront: takes over the products that the server rendered, listens, and shows each product the moment it arrives.
//
// Wiring only. What is newer is decided in catalog.js, where products come from in feed.js, how a tile looks in
// tiles.js. Texts of events reach the page through `textContent` alone.

import { Catalog, readProduct } from "./catalog.js";
import { ShopApi, ShopError, ShopFeed } from "./feed.js";
import { cloth, priceText, shopName } from "./format.js";
import { drawPicture } from "./picture.js";
import { ProductDialog } from "./product-dialog.js";
import { TileGrid } from "./tiles.js";

const STATUS_TEXTS = { connecting: "Connecting", live: "Live", polling: "Polling", offline: "Offline" };
const TAG_FILTERS = 10;
const TOAST_MS = 6_000;
const REFRESH_MS = 15_000;
const RETRY_MS = 5_000;
const GONE = 410;
const UNKNOWN = 404;

const part = (id) => document.getElementById(id);
const handle = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const shopPath = `/shop/${handle}`;
const productPath = (videoId) => `${shopPath}/products/${encodeURIComponent(videoId)}`;
const api = new ShopApi(handle);
const catalog = new Catalog();
const grid = new TileGrid(part("grid"), part("tile"), productPath);
const dialog = new ProductDialog(part("product"), handle, productPath, leaveProduct);
const feed = new ShopFeed(handle, api, {
  onProduct: receive, onRemoved: remove, onStatus: showStatus, onLost: readAgain,
});

let nextKey = null;
let isReading = false;
let chosenTag = null;
let arrivals = [];
let retryTimer = null;
let toastTimer = null;
let toastCount = 0;
let unseen = 0;
let title = document.title;

// --- the first page, and the next ones ---

// The server's page has the data of its products: nothing is read again, and the feed goes on from its cursor.
function takeOver() {
  const body = dataOf("shop-data");
  if (!body?.products) return void open();
  takePage(body, (product) => grid.adopt(product));
  const product = readProduct(dataOf("product-data"));
  if (product) dialog.show(catalog.get(product.videoId) ?? product);
  else if (location.hash) void followAddress();
  feed.start(body.metadata.cursor);
}

function dataOf(id) {
  return JSON.parse(part(id)?.textContent ?? "null");
}

async function open() {
  clearTimeout(retryTimer);
  part("failure").hidden = true;
  grid.showSkeletons();
  try {
    feed.start(await readFirstPage());
  } catch (error) {
    showFailure(error);
  }
}

async function readFirstPage() {
  const body = await api.page();
  catalog.clear();
  grid.clear();
  takePage(body);
  void followAddress();
  return body.metadata.cursor;
}

function takePage({ products, pagination }, show = (product) => grid.append(product)) {
  for (const product of products.map(readProduct)) {
    if (product && catalog.offer(product) === "added") show(product);
  }
  nextKey = pagination.hasMore ? pagination.lastEvaluatedKey : null;
  part("more").hidden = nextKey === null;
  showCatalog();
}

async function readMore() {
  if (isReading || nextKey === null) return;
  isReading = true;
  const button = part("load-more");
  button.ariaBusy = "true";
  try {
    takePage(await api.page(nextKey));
    button.textContent = "Show more";
  } catch (error) {
    console.info(`linkhub: the next page failed: ${error.message}`);
    button.textContent = "That did not work. Try again";
  } finally {
    isReading = false;
    button.ariaBusy = "false";
  }
  watchEnd();
}

async function readAgain() {
  try {
    feed.restart(await readFirstPage());
  } catch (error) {
    console.info(`linkhub: reading the shop again failed: ${error.message}`);
    retryTimer = setTimeout(readAgain, RETRY_MS);
  }
}

const endObserver = new IntersectionObserver((entries) => {
  if (entries.some(({ isIntersecting }) => isIntersecting)) void readMore();
}, { rootMargin: "600px" });

// An observer reports changes only: observe again to ask whether the end is still in sight.
function watchEnd() {
  endObserver.unobserve(part("more"));
  if (nextKey !== null) endObserver.observe(part("more"));
}

function showFailure(error) {
  grid.clear();
  const isFinal = error instanceof ShopError && error.isFinal;
  part("failure").hidden = false;
  part("failure-title").textContent = isFinal ? "There is no such shop" : "The shop does not answer";
  part("failure-text").textContent = isFinal
    ? "The address may be mistyped: a shop's address ends with the seller's handle."
    : "It is tried again every few seconds, and opens as soon as there is an answer.";
  part("retry").hidden = isFinal;
  showStatus("offline");
  if (!isFinal) retryTimer = setTimeout(open, RETRY_MS);
}

// --- what arrives ---

// Products of the same frame are shown together: a burst moves the grid once.
function receive(raw, revision) {
  const product = readProduct(raw);
  if (!product) return;
  const outcome = catalog.offer(product, revision);
  if (outcome === "stale") return;
  if (outcome === "replaced") replace(product);
  if (askedVideoId() === product.videoId) showProduct(product);
  if (outcome === "added" && arrivals.push({ product, revision }) === 1) soon(showArrivals);
}

// A hidden page draws no frames.
function soon(task) {
  if (document.hidden) setTimeout(task);
  else requestAnimationFrame(task);
}

function replace(product) {
  const waiting = arrivals.find((arrival) => arrival.product.videoId === product.videoId);
  if (waiting) {
    waiting.product = product;
    return;
  }
  grid.replace(product, "Updated");
  showCatalog();
}

function remove(videoId, revision, removedAt) {
  const isShown = dialog.product?.videoId === videoId;
  const product = catalog.get(videoId) ?? (isShown ? dialog.product : null);
  if (!catalog.remove(videoId, revision, removedAt) && !isShown) return;
  arrivals = arrivals.filter((arrival) => arrival.product.videoId !== videoId);
  if (part("toast").dataset.videoId === videoId) hideToast();
  if (isShown) dialog.showGone();
  else say(`No longer offered: ${product.title}`);
  grid.remove(videoId, showCatalog);
}

function showArrivals() {
  const batch = arrivals;
  arrivals = [];
  if (batch.length === 0) return; // all of them were removed meanwhile
  const revisions = new Map(batch.map(({ product, revision }) => [product, revision]));
  grid.arrive([...revisions.keys()], (product) => (isFirst(product, revisions.get(product)) ? "New" : "Updated"));
  const visible = [...revisions.keys()].filter((product) => grid.passes(product));
  if (visible.length > 0) showNews(visible);
  showCatalog();
}

function showNews(products) {
  showToast(products.at(-1), products.length);
  announce(products);
  if (document.hidden) showUnseen(unseen + products.length);
}

function showUnseen(count) {
  unseen = count;
  document.title = `${count ? `(${count}) ` : ""}${title}`;
}

function isFirst(product, revision) {
  return revision === null ? product.createdAt === product.updatedAt : revision === 1;
}

function announce(products) {
  say(products.length > 3
    ? `${products.length} new products`
    : products.map(({ title, price }) => `New: ${title}, ${priceText(price)}`).join(". "));
}

function say(text) {
  const line = document.createElement("span");
  line.textContent = text;
  part("arrivals").replaceChildren(line);
}

// --- toast, filters, status, empty ---

function showToast(product, count) {
  clearTimeout(toastTimer);
  toastCount += count;
  part("toast-kind").textContent = toastCount > 1 ? `${toastCount} just in` : "Just in";
  part("toast-title").textContent = product.title;
  part("toast-picture").replaceChildren();
  drawPicture(part("toast-picture"), product);
  part("toast").hidden = false;
  part("toast").dataset.videoId = product.videoId;
  toastTimer = setTimeout(hideToast, TOAST_MS);
}

function hideToast() {
  part("toast").hidden = true;
  toastCount = 0;
}

function showCatalog() {
  part("empty").hidden = catalog.size > 0;
  showFilters();
  if (grid.filter(chosenTag) === 0 && chosenTag !== null && nextKey === null) chooseTag(null);
  watchEnd();
}

// Filters keep their places: one leaves when no product has its tag, unless it is in use, and new ones come at the end.
function showFilters() {
  const filters = part("filters");
  const counts = new Map();
  for (const { tags } of catalog.products()) {
    for (const tag of new Set(tags.map((text) => text.toLowerCase()))) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  if (filters.childElementCount === 0) filters.append(filterButton("", "Everything"));
  for (const button of [...filters.children].slice(1)) {
    const isInUse = button.dataset.tag === chosenTag || button === document.activeElement;
    if (!isInUse && !counts.has(button.dataset.tag)) button.remove();
  }
  const shown = new Set([...filters.children].map(({ dataset }) => dataset.tag));
  const common = [...counts].filter(([tag, count]) => count > 1 && !shown.has(tag)).sort(byCountThenName);
  const free = Math.max(0, TAG_FILTERS + 1 - shown.size);
  filters.append(...common.slice(0, free).map(([tag]) => filterButton(tag, tag)));
  filters.hidden = filters.childElementCount < 3 && chosenTag === null && !filters.contains(document.activeElement);
  for (const button of filters.children) button.ariaPressed = String(button.dataset.tag === (chosenTag ?? ""));
}

function byCountThenName([nameA, countA], [nameB, countB]) {
  return countB - countA || nameA.localeCompare(nameB);
}

function filterButton(tag, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.dir = "auto";
  button.dataset.tag = tag;
  button.textContent = text;
  return button;
}

function chooseTag(tag) {
  chosenTag = tag;
  showCatalog();
  const toasted = catalog.get(part("toast").dataset.videoId);
  if (toasted && !grid.passes(toasted)) hideToast();
}

function showStatus(status) {
  part("status").dataset.status = status;
  part("status-text").textContent = STATUS_TEXTS[status];
}

// --- the product that the address names ---

// Links of older pages have the id of the video as fragment.
function askedVideoId() {
  const fragment = location.hash.slice(1);
  if (fragment && fragment !== "products") return fragment;
  const [, , , products, videoId] = location.pathname.split("/");
  return products === "products" ? videoId : null;
}

async function followAddress() {
  const videoId = askedVideoId();
  showAbsence(null);
  if (!videoId) {
    dialog.close();
    return;
  }
  const product = catalog.get(videoId) ?? (await readOne(videoId));
  if (product && askedVideoId() === videoId) showProduct(product);
}

// A click with a key held, or with another button, opens the product's page elsewhere.
function followTile(event) {
  const link = event.target.closest("a");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  openProduct(link.closest(".tile").dataset.videoId);
}

function openProduct(videoId) {
  if (askedVideoId() !== videoId) history.pushState(null, "", productPath(videoId));
  void followAddress();
}

function showProduct(product) {
  showAbsence(null);
  dialog.show(product);
}

async function readOne(videoId) {
  try {
    return readProduct(await api.product(videoId));
  } catch (error) {
    console.info(`linkhub: ${videoId} cannot be shown: ${error.message}`);
    showAbsence(error.status);
    return null;
  }
}

// Says why the product of the address is not shown.
function showAbsence(status) {
  part("gone").hidden = status !== GONE;
  part("unknown").hidden = status !== UNKNOWN;
  if (status) part("products").scrollIntoView();
}

// The address may name the next product already: that one stays.
function leaveProduct(videoId) {
  if (askedVideoId() !== videoId) return;
  title = `${shopName(handle)} · shop`;
  history.replaceState(null, "", shopPath);
  showUnseen(unseen);
}

// --- begin ---

function drawMasthead() {
  const { colours, degrees } = cloth(handle);
  part("crest").style.background = `linear-gradient(${degrees}deg, ${colours.join(", ")})`;
}

drawMasthead();
addEventListener("popstate", followAddress); // a change of the fragment, too
part("grid").addEventListener("click", followTile);
part("filters").addEventListener("click", ({ target }) => {
  const tag = target.closest("button")?.dataset.tag;
  if (tag !== undefined) chooseTag(tag || null);
});
document.addEventListener("visibilitychange", () => document.hidden || showUnseen(0));
part("retry").addEventListener("click", open);
part("load-more").addEventListener("click", readMore);
part("toast").addEventListener("click", ({ currentTarget }) => {
  openProduct(currentTarget.dataset.videoId);
  hideToast();
});
setInterval(() => grid.refresh(Date.now()), REFRESH_MS);
takeOver();
