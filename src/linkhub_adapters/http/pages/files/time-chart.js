// A chart that moves: the last five minutes of a few series, as lines or as a stack, in SVG.
//
// It keeps no data: `draw(samples)` draws all of it. Colours are classes (`series-1` ...), so that the sheet decides.
// A null breaks the line, and so do answers that stayed out. The pointer, on any chart, reads one instant on all.

import { UNKNOWN, clockText, isKnown } from "./measure.js";
import { HISTORY_MS } from "./rates.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 190;
const MARGIN = { top: 10, right: 10, bottom: 22, left: 52 };
const GAP_MS = 4_000;
const MINUTES = [5, 4, 3, 2, 1, 0];
const NARROW = 460;
const LOG_TICKS = [0.001, 0.01, 0.1, 1, 10, 100, 1000];
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/** One chart in an element.
 *
 * `series` are `{label, slot, read}`: what to call it, its colour's number, and how to read it from a sample.
 * `format` writes a value, `tick` one at the axis; with `isLog` the scale is by decades; `mark` is a dashed line.
 */
export class TimeChart {
  static #pointedMs = null;
  static #charts = [];

  #element;
  #options;
  #svg = node("svg", { role: "img" });
  #plot = node("g", {});
  #marks = node("g", {});
  #legend = document.createElement("ul");
  #samples = [];
  #width = 0;

  constructor(element, options) {
    this.#element = element;
    this.#options = { isStack: false, isLog: false, mark: null, least: 1, tick: options.format, ...options };
    this.#svg.append(this.#plot, this.#marks);
    this.#legend.className = "legend";
    element.append(this.#svg, this.#legend);
    this.#svg.addEventListener("pointermove", (event) => this.#point(event));
    this.#svg.addEventListener("pointerleave", () => TimeChart.#pointAt(null));
    new ResizeObserver(([{ contentRect }]) => this.#resize(contentRect.width)).observe(element);
    TimeChart.#charts.push(this);
  }

  /** Draws the samples, oldest first; the newest stands at the right edge. */
  draw(samples) {
    this.#samples = samples;
    if (!this.#width || samples.length === 0) return;
    const scale = this.#scale();
    this.#plot.replaceChildren(...this.#shapes(scale));
    this.#marks.replaceChildren(...this.#axes(scale));
    this.#drawLegend();
    this.#drift();
  }

  #resize(width) {
    this.#width = Math.floor(width);
    this.#svg.setAttribute("viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    this.#svg.setAttribute("height", HEIGHT);
    this.draw(this.#samples);
  }

  #x(atMs) {
    const plotWidth = this.#width - MARGIN.left - MARGIN.right;
    return MARGIN.left + plotWidth * (1 - (this.#samples.at(-1).atMs - atMs) / HISTORY_MS);
  }

  #scale() {
    const { isLog, isStack, series, mark, least } = this.#options;
    const tops = this.#samples.flatMap((sample) => {
      const values = series.map(({ read }) => read(sample)).filter(isKnown);
      return isStack ? [values.reduce((sum, value) => sum + value, 0)] : values;
    });
    const most = Math.max(least, mark ?? 0, ...tops);
    return isLog ? logScale(most, tops) : linearScale(most);
  }

  #shapes(scale) {
    const { series, isStack } = this.#options;
    const floors = this.#samples.map(() => 0);
    const shapes = series.map(({ slot, read }) => {
      const points = this.#samples.map((sample, index) => {
        const value = read(sample);
        if (!isKnown(value)) return null;
        const from = isStack ? floors[index] : 0;
        if (isStack) floors[index] += value;
        return { atMs: sample.atMs, x: this.#x(sample.atMs), y: scale.y(from + value), base: scale.y(from) };
      });
      return this.#shape(slot, runsOf(points));
    });
    return shapes.reverse().flat(); // an empty layer lies on the one below it: the one below is drawn over it
  }

  #shape(slot, runs) {
    const line = runs.map((run) => pathOf(run, "y")).join("");
    const area = runs.map((run) => `${pathOf(run, "y")}${pathOf([...run].reverse(), "base").replace("M", "L")}Z`).join("");
    const parts = [node("path", { class: `line series-${slot}`, d: line })];
    if (this.#options.isStack) parts.unshift(node("path", { class: `area series-${slot}`, d: area }));
    return parts;
  }

  #axes(scale) {
    const right = this.#width - MARGIN.right;
    const parts = scale.ticks.flatMap((tick) => [
      node("line", { class: "rule", x1: MARGIN.left, x2: right, y1: scale.y(tick), y2: scale.y(tick) }),
      label(this.#options.tick(tick), MARGIN.left - 8, scale.y(tick) + 4, "end"),
    ]);
    const minuteLabels = MINUTES.filter((minutes) => this.#width > NARROW || minutes % 2 === 0);
    parts.push(...minuteLabels.map((minutes) => this.#minuteLabel(minutes)));
    const { mark } = this.#options;
    if (mark !== null) parts.push(node("line", { class: "mark", x1: MARGIN.left, x2: right, y1: scale.y(mark), y2: scale.y(mark) }));
    return [...parts, ...this.#crosshair()];
  }

  #minuteLabel(minutes) {
    const x = this.#x(this.#samples.at(-1).atMs - minutes * 60_000);
    const anchor = { 0: "end", 5: "start" }[minutes] ?? "middle";
    return label(minutes ? `−${minutes} min` : "now", x, HEIGHT - 4, anchor);
  }

  #crosshair() {
    const sample = this.#pointed();
    if (!sample) return [];
    const x = this.#x(sample.atMs);
    return [node("line", { class: "crosshair", x1: x, x2: x, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom })];
  }

  #pointed() {
    if (TimeChart.#pointedMs === null) return null;
    const distance = ({ atMs }) => Math.abs(atMs - TimeChart.#pointedMs);
    return this.#samples.reduce((best, sample) => (best && distance(best) <= distance(sample) ? best : sample), null);
  }

  #drawLegend() {
    const pointed = this.#pointed();
    const sample = pointed ?? this.#samples.at(-1);
    const { series, format, name } = this.#options;
    const items = series.map(({ label: text, slot, read }) => legendItem(text, slot, format(read(sample) ?? NaN)));
    if (pointed) items.push(legendItem(clockText(sample.atMs), null, ""));
    this.#legend.replaceChildren(...items);
    const said = series.map(({ label: text, read }) => `${text} ${format(read(this.#samples.at(-1)) ?? NaN)}`);
    this.#svg.setAttribute("aria-label", `${name}: ${said.join(", ")}`);
  }

  // Between two answers the curves drift on by what one answer moves them: the eye sees time pass.
  #drift() {
    const [before, last] = this.#samples.slice(-2);
    if (!last || STILL.matches || TimeChart.#pointedMs !== null || last.atMs - before.atMs > GAP_MS) return;
    const step = this.#x(last.atMs) - this.#x(before.atMs);
    this.#plot.animate([{ transform: `translateX(${step}px)` }, { transform: "none" }], { duration: last.atMs - before.atMs });
  }

  #point({ offsetX }) {
    if (this.#samples.length === 0) return;
    const plotWidth = this.#width - MARGIN.left - MARGIN.right;
    const share = Math.min(1, Math.max(0, (offsetX - MARGIN.left) / plotWidth));
    TimeChart.#pointAt(this.#samples.at(-1).atMs - (1 - share) * HISTORY_MS);
  }

  static #pointAt(atMs) {
    TimeChart.#pointedMs = atMs;
    for (const chart of TimeChart.#charts) chart.draw(chart.#samples);
  }
}

function linearScale(most) {
  const raw = most / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw);
  const top = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { ticks, y: (value) => between(value / top) };
}

function logScale(most, values) {
  const top = LOG_TICKS.find((tick) => tick >= most) ?? LOG_TICKS.at(-1);
  const least = Math.min(0.1, ...values.filter((value) => value > 0));
  const bottom = LOG_TICKS.findLast((tick) => tick <= least) ?? LOG_TICKS[0];
  const decades = Math.log10(top / bottom);
  const ticks = LOG_TICKS.filter((tick) => tick >= bottom && tick <= top);
  return { ticks, y: (value) => between(Math.log10(Math.max(value, bottom) / bottom) / decades) };
}

function between(share) {
  return HEIGHT - MARGIN.bottom - share * (HEIGHT - MARGIN.top - MARGIN.bottom);
}

function runsOf(points) {
  const runs = [];
  let before = null;
  for (const point of points) {
    if (point && (!before || point.atMs - before.atMs > GAP_MS)) runs.push([]);
    if (point) runs.at(-1).push(point);
    before = point;
  }
  return runs;
}

function pathOf(run, field) {
  return run.map((point, index) => `${index ? "L" : "M"}${point.x.toFixed(1)} ${point[field].toFixed(1)}`).join("");
}

function legendItem(text, slot, value) {
  const item = document.createElement("li");
  if (slot !== null) item.className = `key-series series-${slot}`;
  const number = document.createElement("b");
  number.textContent = value === "NaN" ? UNKNOWN : value;
  item.append(text, " ", number);
  return item;
}

function label(text, x, y, anchor) {
  const element = node("text", { x, y, "text-anchor": anchor });
  element.textContent = text;
  return element;
}

function node(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
