// A picture that is never missing: the video's cloth (a gradient with its monogram) with the thumbnail over it.
//
// The cloth is drawn first and stays until the thumbnail has loaded whole; a thumbnail that fails is taken away.

import { cloth, monogram } from "./format.js";

/** Draws a product's thumbnail of this index into an element of the class `picture`. */
export function drawPicture(element, product, index = 0, { isLazy = true } = {}) {
  element.querySelector(".cloth")?.remove();
  element.querySelector("img")?.remove();
  const { url } = product.thumbnails[index];
  element.prepend(clothFor(product, index), ...(url ? [thumbnail(url, isLazy)] : []));
}

function clothFor(product, index) {
  const { colours, degrees } = cloth(product.videoId, index);
  const { text, isEmoji } = monogram(product.title);
  const element = document.createElement("span");
  element.className = isEmoji ? "cloth cloth-emoji" : "cloth";
  element.ariaHidden = "true";
  element.style.setProperty("--cloth-turn", `${degrees}deg`);
  colours.forEach((colour, step) => element.style.setProperty(`--cloth-${step + 1}`, colour));
  const mark = document.createElement("span");
  mark.className = "cloth-mark";
  mark.textContent = text;
  element.append(mark);
  return element;
}

// The product's title is always beside its picture: an alternative text would say it twice.
function thumbnail(url, isLazy) {
  const image = new Image();
  image.alt = "";
  image.decoding = "async";
  image.loading = isLazy ? "lazy" : "eager";
  image.referrerPolicy = "no-referrer";
  image.addEventListener("load", () => image.classList.add("is-loaded"));
  image.addEventListener("error", () => image.remove());
  image.src = url;
  return image;
}
