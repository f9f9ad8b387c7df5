// How values read to a person.

const PRICE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 });

/** `nalu-fashion` is "Nalu Fashion". */
export function shopName(seller: string): string {
  const words = seller.split(/[._-]+/).filter(Boolean);
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(" ") || seller;
}

/** A price without a currency, for none is known. */
export function priceText(price: number | null): string {
  return price === null ? "Ask for price" : PRICE.format(price);
}

/** "S, M, L" as a list; a text without commas is its only element. */
export function sizeList(sizes: string | null): string[] {
  return [...new Set((sizes ?? "").split(/\s*[,;/|]\s*/).filter(Boolean))];
}

/** A hue in degrees, always the same for the same video: the colour behind its picture. */
export function hueOf(videoId: string): number {
  let hash = 0;
  for (const character of videoId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360_007;
  return hash % 360;
}
