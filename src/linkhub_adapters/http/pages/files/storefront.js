// The storefront: reads the shop's first page, listens, and shows each product the moment it arrives.
//
// Wiring only. What is newer is decided in catalog.js, where products come from in feed.js, how a tile looks in
// tiles.js. Texts of events reach the page through `textContent` alone.

import { Catalog, readProduct } from "./catalog.js";
import { ShopApi, ShopError, ShopFeed } from "./feed.js";
import { cloth, monogram, priceText, shopName } from "./format.js";
import { drawPicture } from "./picture.js";
import { ProductDialog } from "./product-dialog.js";
import { TileGrid } from "./tiles.js";

const STATUS_TEXTS = { connecting: "Connecting", live: "Live", polling: "Polling", offline: "Offline" };
const TAG_FILTERS = 10;
const TOAST_MS = 6_000;
const REFRESH_MS = 15_000;
const RETRY_MS = 5_000;
const GONE = 410;

const part = (id) => document.getElementById(id);
const handle = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const api = new ShopApi(handle);
const catalog = new Catalog();
const grid = new TileGrid(part("grid"), part("tile"));
const dialog = new ProductDialog(part("product"), handle, forgetFragment);
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

// --- the first page, and the next ones ---

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
  void followFragment();
  return body.metadata.cursor;
}

function takePage({ products, pagination }) {
  for (const product of products.map(readProduct)) {
    if (product && catalog.offer(product) === "added") grid.append(product);
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
  if (dialog.videoId === product.videoId) dialog.show(product);
  showCatalog();
}

function remove(videoId, revision, removedAt) {
  const product = catalog.get(videoId);
  if (!catalog.remove(videoId, revision, removedAt)) return;
  arrivals = arrivals.filter((arrival) => arrival.product.videoId !== videoId);
  if (part("toast").dataset.videoId === videoId) hideToast();
  if (dialog.videoId === videoId) {
    dialog.close();
    fillToast(product, "No longer offered");
  }
  say(`No longer offered: ${product.title}`);
  grid.remove(videoId, showCatalog);
}

function showArrivals() {
  const batch = arrivals;
  arrivals = [];
  if (batch.length === 0) return; // all of them were removed meanwhile
  const revisions = new Map(batch.map(({ product, revision }) => [product, revision]));
  grid.arrive([...revisions.keys()], (product) => (isFirst(product, revisions.get(product)) ? "New" : "Updated"));
  const newest = batch.at(-1).product;
  showToast(newest, batch.length);
  announce(batch.map(({ product }) => product));
  if (document.hidden) showUnseen(unseen + batch.length);
  showCatalog();
}

function showUnseen(count) {
  unseen = count;
  document.title = `${count ? `(${count}) ` : ""}${shopName(handle)} · shop`;
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
  toastCount += count;
  fillToast(product, toastCount > 1 ? `${toastCount} just in` : "Just in");
}

function fillToast(product, kind) {
  clearTimeout(toastTimer);
  part("toast-kind").textContent = kind;
  part("toast-title").textContent = product.title;
  part("toast-price").textContent = product.price === null ? "" : priceText(product.price);
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

function showFilters() {
  const counts = new Map();
  for (const { tags } of catalog.products()) {
    for (const tag of new Set(tags.map((text) => text.toLowerCase()))) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  const common = [...counts].filter(([, count]) => count > 1).sort(byCountThenName).slice(0, TAG_FILTERS);
  const tags = common.map(([tag]) => tag);
  if (chosenTag !== null && !tags.includes(chosenTag)) tags.push(chosenTag);
  part("filters").hidden = tags.length < 2;
  const focused = document.activeElement?.dataset.tag;
  part("filters").replaceChildren(filterButton(null, "Everything"), ...tags.map((tag) => filterButton(tag, tag)));
  if (focused !== undefined) part("filters").querySelector(`[data-tag="${CSS.escape(focused)}"]`)?.focus();
}

function byCountThenName([nameA, countA], [nameB, countB]) {
  return countB - countA || nameA.localeCompare(nameB);
}

function filterButton(tag, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.dir = "auto";
  button.dataset.tag = tag ?? "";
  button.textContent = text;
  button.ariaPressed = String(tag === chosenTag);
  button.addEventListener("click", () => chooseTag(tag));
  return button;
}

function chooseTag(tag) {
  chosenTag = tag;
  showCatalog();
}

function showStatus(status) {
  part("status").dataset.status = status;
  part("status-text").textContent = STATUS_TEXTS[status];
}

// --- the product that the address names ---

async function followFragment() {
  const videoId = location.hash.slice(1);
  part("gone").hidden = true;
  if (!videoId || videoId === "products") {
    dialog.close();
    return;
  }
  const product = catalog.get(videoId) ?? (await readOne(videoId));
  if (product && location.hash.slice(1) === videoId) dialog.show(product);
}

async function readOne(videoId) {
  try {
    return readProduct(await api.product(videoId));
  } catch (error) {
    console.info(`linkhub: ${videoId} cannot be shown: ${error.message}`);
    part("gone").hidden = error.status !== GONE;
    return null;
  }
}

// The address may name the next product already: that one stays.
function forgetFragment(videoId) {
  if (location.hash.slice(1) === videoId) history.replaceState(null, "", location.pathname + location.search);
}

// --- begin ---

function drawMasthead() {
  const name = shopName(handle);
  showUnseen(0);
  part("shop-name").textContent = name;
  part("shop-handle").textContent = `@${handle}`;
  const { colours, degrees } = cloth(handle);
  part("crest").style.background = `linear-gradient(${degrees}deg, ${colours.join(", ")})`;
  part("crest").textContent = monogram(name).text;
}

drawMasthead();
addEventListener("hashchange", followFragment);
document.addEventListener("visibilitychange", () => document.hidden || showUnseen(0));
part("retry").addEventListener("click", open);
part("load-more").addEventListener("click", readMore);
part("toast").addEventListener("click", ({ currentTarget }) => {
  location.hash = currentTarget.dataset.videoId;
  hideToast();
});
setInterval(() => grid.refresh(Date.now()), REFRESH_MS);
void open();
