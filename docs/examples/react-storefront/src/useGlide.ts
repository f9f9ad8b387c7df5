// Cards that leave fade out where they were, and the others glide to their new places.

import { useLayoutEffect, useRef } from "react";
import type { RefObject } from "react";

const GLIDE = { duration: 420, easing: "cubic-bezier(0.2, 0.8, 0.2, 1)" };
const LEAVE = { duration: 260, easing: "ease-in" };

/** Animate the children of `list` each time that `contents` changes. */
export function useGlide(list: RefObject<HTMLElement | null>, contents: unknown): void {
  const before = useRef(new Map<Element, { left: number; top: number }>());
  useLayoutEffect(() => {
    const grid = list.current;
    if (!grid) return;
    const after = new Map([...grid.children].map((card) => [card, placeOf(card as HTMLElement)]));
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches && !document.hidden) {
      for (const [card, from] of before.current) {
        const to = after.get(card);
        if (!to) fadeOut(grid, card as HTMLElement, from);
        else if (from.left !== to.left || from.top !== to.top) {
          card.animate([{ transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }, {}], GLIDE);
        }
      }
    }
    before.current = after;
  }, [list, contents]);
}

// Within the grid, so that scrolling between two changes moves nothing.
function placeOf(card: HTMLElement): { left: number; top: number } {
  return { left: card.offsetLeft, top: card.offsetTop };
}

// React has removed the card: a copy of it is shown outside the flow, beside the grid's own children.
function fadeOut(grid: HTMLElement, card: HTMLElement, { left, top }: { left: number; top: number }): void {
  const ghost = card.cloneNode(true) as HTMLElement;
  ghost.removeAttribute("data-video-id");
  ghost.ariaHidden = "true";
  ghost.inert = true;
  Object.assign(ghost.style, { position: "absolute", left: `${left}px`, top: `${top}px` });
  ghost.style.width = `${grid.firstElementChild?.clientWidth ?? 0}px`;
  grid.after(ghost);
  void ghost.animate([{}, { opacity: 0, transform: "scale(0.9)" }], LEAVE).finished.then(() => ghost.remove());
}
