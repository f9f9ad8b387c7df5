// How values read to a person: prices, sizes, ages, names, and the picture drawn where no picture loads.
//
// Pure functions of their arguments. Whatever comes from an event is text: nothing here returns markup, and a
// URL is passed on only when it is http or https.

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const [WHOLE, BROKEN] = priceFormats(document.documentElement.dataset);
const AGO = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const SIZE_WORD = /^(?:\d?x{0,4}[sml]|\d{1,3}(?:\.5)?|one-?size|free-?size|uk\d+|eu\d+|us\d+|\d{1,2}-\d{1,2}[ym]?)$/i;
const CONTACT_TITLE = 200;
const AGE_STEPS = [
  [60, 1, "second"], [3600, 60, "minute"], [86400, 3600, "hour"], [604800, 86400, "day"],
  [2629800, 604800, "week"], [31557600, 2629800, "month"], [Infinity, 31557600, "year"],
];
// Pairs that go together; a video keeps its pair for ever, because the pair follows from its id.
const CLOTHS = [
  ["#ff9a76", "#c2185b", "#5e1049"], ["#f7c873", "#e2703a", "#8a2a3a"], ["#7fd8be", "#1f8a8c", "#123c5a"],
  ["#a8c7fa", "#4863c8", "#2a1f6e"], ["#e3b8f0", "#9a4fc4", "#431a74"], ["#f6a5c0", "#d6456f", "#6a1b4d"],
  ["#c9d98a", "#5e9a54", "#1d4d45"], ["#f2c1a0", "#b76a55", "#54283a"], ["#9fe0f0", "#3f8ec8", "#23407f"],
  ["#ffd0b5", "#f0617f", "#7a1f6b"], ["#d8cfc4", "#8c7a74", "#3b3440"], ["#ffe08a", "#f2a03d", "#a3413a"],
];

/** A shop's name from its handle: `nalu-fashion` is "Nalu Fashion". */
export function shopName(handle) {
  const words = handle.split(/[._-]+/).filter(Boolean);
  return words.map((word) => word[0].toUpperCase() + word.slice(1)).join(" ") || handle;
}

// With a currency, as the shopper's locale writes it; without one, bare numbers. No price is rounded.
function priceFormats({ currency, decimals }) {
  const most = { maximumFractionDigits: 6 };
  if (!currency) return [0, 2].map((least) => new Intl.NumberFormat(undefined, { ...most, minimumFractionDigits: least }));
  const money = new Intl.NumberFormat(undefined, { ...most, style: "currency", currency, minimumFractionDigits: Number(decimals) });
  return [money, money];
}

/** A price with the currency that the operator set, if any, or "Ask for price". */
export function priceText(price) {
  if (price === null) return "Ask for price";
  return Number.isInteger(price) ? WHOLE.format(price) : BROKEN.format(price);
}

/** Sizes as a list when the text parses as one, else the whole text as its only element. */
export function sizeList(text) {
  const trimmed = (text ?? "").trim();
  if (!trimmed) return [];
  const parts = trimmed.split(/\s*[,;/|]\s*/).filter(Boolean);
  if (parts.length > 1) return [...new Set(parts)];
  const words = trimmed.split(/\s+/);
  return words.length > 1 && words.every((word) => SIZE_WORD.test(word)) ? [...new Set(words)] : [trimmed];
}

/** "3 minutes ago"; the empty text when the moment cannot be read. */
export function ageText(isoTime, nowMs) {
  const seconds = Math.max(0, (nowMs - Date.parse(isoTime)) / 1000);
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 10) return "just now";
  const [, unitSeconds, unit] = AGE_STEPS.find(([limit]) => seconds < limit);
  return AGO.format(-Math.floor(seconds / unitSeconds), unit);
}

/** A length in seconds as `0:23`. */
export function lengthText(seconds) {
  if (!Number.isFinite(seconds) || seconds <= 0) return "";
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** The URL when it is absolute and http or https, else null. */
export function webUrl(text) {
  if (typeof text !== "string" || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
}

/** The address at which a shopper asks for a product: the operator's template with its title and id, or null. */
export function contactUrl({ videoId, title }, { contact } = document.documentElement.dataset) {
  if (!contact) return null;
  const asked = [...title.replace(/\s+/g, " ")].slice(0, CONTACT_TITLE).join("").toWellFormed();
  const places = { "{title}": asked, "{video_id}": videoId };
  return contact.replace(/\{(?:title|video_id)\}/g, (place) => encodeURIComponent(places[place]));
}

/** One emoji of the title, or the initials of its first two words. */
export function monogram(title) {
  const graphemes = [...GRAPHEMES.segment(title)].map(({ segment }) => segment);
  const emoji = graphemes.find((grapheme) => /\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F/u.test(grapheme));
  if (emoji) return { text: emoji, isEmoji: true };
  const words = title.split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word)).slice(0, 2);
  const initials = words.map((word) => GRAPHEMES.segment(word)[Symbol.iterator]().next().value.segment);
  return { text: initials.join("").toUpperCase() || "◦", isEmoji: false };
}

/** The three colours and the turn in degrees of a video's cloth; the same for the same text, always. */
export function cloth(text, turn = 0) {
  const hash = fnv1a(text);
  return { colours: CLOTHS[hash % CLOTHS.length], degrees: 120 + ((hash >>> 8) % 90) + turn * 47 };
}

function fnv1a(text) {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  return hash;
}
