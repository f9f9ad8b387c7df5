// A picture that is never missing: the video's cloth (a gradient with its monogram) with the thumbnail over it.
//
// The cloth is drawn first and stays until the thumbnail has loaded whole; a thumbnail that fails is taken away.

import { cloth, monogram } from "./format.js";

/** Draws a product's thumbnail of this index into an element of the class `picture`; one that is there already stays. */
export function drawPicture(element, product, index = 0, { isLazy = true } = {}) {
  element.querySelector(".cloth")?.remove();
  const { url } = product.thumbnails[index];
  const shown = element.querySelector("img");
  if (url && shown?.src === url) watch(shown);
  else {
    shown?.remove();
    if (url) element.prepend(thumbnail(url, isLazy));
  }
  element.prepend(clothFor(product, index));
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
  image.className = "is-awaited";
  image.src = url;
  watch(image);
  return image;
}

// An image of the server may have loaded, or failed, before the scripts ran.
function watch(image) {
  const show = () => image.classList.add("is-loaded");
  if (image.complete && image.naturalWidth > 0) show();
  else if (image.complete) image.remove();
  image.onload = show;
  image.onerror = () => image.remove();
}
