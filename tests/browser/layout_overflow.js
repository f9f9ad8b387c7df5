// What does not fit the screen, as sentences. `mayScroll` and `mayCut` are selectors of boxes that may.
([mayScroll, mayCut]) => {
  const root = document.documentElement;
  const found = new Set();

  function name({ localName, id, classList }) {
    return `${localName}${id && `#${id}`}${[...classList].map((one) => `.${one}`).join("")}`;
  }

  // A box around it cuts or scrolls sideways: then that box is what is judged.
  function isWithinCut(element) {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
      if (getComputedStyle(box).overflowX !== "visible") return true;
    }
    return false;
  }

  function judgePlace(element) {
    const { left, right, width } = element.getBoundingClientRect();
    if (width > 0 && (left < -1 || right > root.clientWidth + 1) && !isWithinCut(element)) {
      found.add(`${name(element)} reaches from ${left} to ${right} of ${root.clientWidth}`);
    }
  }

  function judgeContent(element) {
    const { scrollWidth, scrollHeight, clientWidth, clientHeight } = element;
    const { display, overflowX, overflowY } = getComputedStyle(element);
    if (display === "inline" || !(element instanceof HTMLElement)) return;
    const isWider = scrollWidth > clientWidth + 1;
    const isHigher = scrollHeight > clientHeight + 1;
    const cuts = (overflow) => overflow === "hidden" || overflow === "clip";
    if (((isWider && cuts(overflowX)) || (isHigher && cuts(overflowY))) && !element.matches(mayCut)) {
      found.add(`${name(element)} cuts ${scrollWidth}x${scrollHeight} to ${clientWidth}x${clientHeight}`);
    } else if (isWider && (overflowX === "auto" || overflowX === "scroll") && !element.matches(mayScroll)) {
      found.add(`${name(element)} scrolls sideways: ${scrollWidth} > ${clientWidth}`);
    } else if (isWider && overflowX === "visible" && !isWithinCut(element)) {
      found.add(`${name(element)} has content of ${scrollWidth} in ${clientWidth}`);
    }
  }

  if (root.scrollWidth > root.clientWidth) {
    found.add(`the page scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    judgePlace(element);
    judgeContent(element);
  }
  return [...found];
}
