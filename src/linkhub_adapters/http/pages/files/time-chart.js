// The last hour of a few series, as lines or as a stack, drawn by uPlot (`vendor/`).
//
// As long as less is known, the axis is shorter: a server that has just started shows its first minutes.
// `draw(samples)` draws all of it; no data is kept between two calls but the samples themselves. Colours come from the
// sheet by classes (`series-1` ...). A null breaks a line, and so does a gap between answers. All charts share a cursor.

import { UNKNOWN, clockText, isKnown } from "./measure.js";
import { HISTORY_MS } from "./rates.js";

const HEIGHT = 190;
const GAP_MS = 25_000;
const MINUTES = [[5, 4, 3, 2, 1, 0], [15, 10, 5, 0], [30, 20, 10, 0], [60, 45, 30, 15, 0]];
const NARROW = 460;
const LOG_TICKS = [0.001, 0.01, 0.1, 1, 10, 100, 1000];
const AREA_ALPHA = "42"; // 26 %, behind a colour of six hexadecimal digits
const DASH = [2, 5];

/** One chart in an element.
 *
 * `series` are `{label, slot, read}`: its name, its colour's number, and a function that reads it from a sample.
 * `format` writes a value, `tick` one at the axis; `isLog` chooses a scale by decades; `mark` is a dashed line.
 */
export class TimeChart {
  #options;
  #samples = [];
  #legend = document.createElement("ul");
  #chart;

  constructor(element, options) {
    this.#options = { isStack: false, isLog: false, mark: null, least: 1, tick: options.format, ...options };
    this.#legend.className = "legend";
    const plot = document.createElement("div");
    plot.className = "plot";
    element.append(plot, this.#legend);
    this.#chart = new window.uPlot(this.#config(), this.#data(), plot);
    this.#chart.root.setAttribute("role", "img");
    this.#drawLegend();
    new ResizeObserver(([{ contentRect }]) => {
      this.#chart.setSize({ width: Math.max(1, Math.floor(contentRect.width)), height: HEIGHT });
    }).observe(plot);
  }

  /** Draws the samples, oldest first; the newest is at the right edge. */
  draw(samples) {
    this.#samples = samples;
    this.#chart.setData(this.#data());
    this.#drawLegend();
  }

  #config() {
    const { series, isStack, isLog, tick } = this.#options;
    // A stack is drawn from the top: the line of an empty layer lies on that of the layer below, which has to be seen.
    const color = (index) => styleOf(this.#legend.children[isStack ? series.length - 1 - index : index], "--series");
    const ink = () => styleOf(this.#legend, "--ink-faint");
    const rule = { show: true, stroke: () => styleOf(this.#legend, "--line"), width: 1 };
    const font = `11.5px ${styleOf(document.body, "--font")}`;
    return {
      width: 1,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: "linkhub" } },
      scales: {
        x: { time: false, range: () => [this.#newestMs() - this.#minutes()[0] * 60_000, this.#newestMs()] },
        y: isLog ? { distr: 3, range: () => this.#decades() } : { range: (_, __, most) => [0, this.#top(most)] },
      },
      axes: [
        {
          stroke: ink,
          font,
          size: 24,
          grid: { show: false },
          ticks: { show: false },
          splits: (chart) => this.#ticks(chart).map((minutes) => this.#newestMs() - minutes * 60_000),
          values: (chart) => this.#ticks(chart).map((minutes) => (minutes ? `−${minutes} min` : "now")),
        },
        {
          stroke: ink,
          font,
          size: 56,
          grid: rule,
          ticks: { show: false },
          values: (_, ticks) => ticks.map((value) => tick(value)),
          ...(isLog && { splits: () => LOG_TICKS.filter((value) => between(value, this.#decades())), filter: (_, ticks) => ticks }),
        },
      ],
      series: [{}, ...series.map((_, index) => ({
        stroke: () => color(index),
        fill: isStack ? () => color(index) + AREA_ALPHA : undefined,
        width: 1.75,
        points: { show: false },
      }))],
      // Without a band the area of a layer would cover those below it.
      bands: isStack ? series.slice(1).map((_, index) => ({ series: [index + 1, index + 2] })) : [],
      hooks: { setCursor: [() => this.#drawLegend()], draw: [(chart) => this.#drawMark(chart)] },
    };
  }

  #newestMs() {
    return this.#samples.at(-1)?.atMs ?? HISTORY_MS;
  }

  #minutes() {
    return axisMinutes(this.#newestMs() - (this.#samples[0]?.atMs ?? 0));
  }

  #ticks(chart) {
    const minutes = this.#minutes();
    return minutes.filter((one) => chart.width > NARROW || (2 * one) % minutes[0] === 0);
  }

  #top(most) {
    return Math.max(this.#options.least, this.#options.mark ?? 0, most ?? 0) * 1.05;
  }

  /** The lowest and the highest decade that hold all values. */
  #decades() {
    const { series, mark } = this.#options;
    const values = this.#samples.flatMap((sample) => series.map(({ read }) => read(sample))).filter((value) => value > 0);
    const most = Math.max(mark ?? 0, ...values);
    const least = Math.min(0.1, ...values);
    const bottom = LOG_TICKS.findLast((tick) => tick <= least) ?? LOG_TICKS[0];
    return [bottom, LOG_TICKS.find((tick) => tick >= most) ?? LOG_TICKS.at(-1)];
  }

  #data() {
    const { series, isStack, isLog } = this.#options;
    const columns = [[], ...series.map(() => [])];
    let beforeMs = null;
    for (const sample of this.#samples) {
      if (beforeMs !== null && sample.atMs - beforeMs > GAP_MS) {
        columns.forEach((column, index) => column.push(index ? null : (beforeMs + sample.atMs) / 2));
      }
      beforeMs = sample.atMs;
      let below = 0;
      columns[0].push(sample.atMs);
      series.forEach(({ read }, index) => {
        const value = read(sample);
        const drawn = isLog ? Math.max(value, LOG_TICKS[0]) : below + value;
        columns[index + 1].push(isKnown(value) ? drawn : null);
        if (isStack && isKnown(value)) below += value;
      });
    }
    return isStack ? [columns[0], ...columns.slice(1).reverse()] : columns;
  }

  #pointed() {
    const atMs = this.#chart?.data[0][this.#chart.cursor.idx];
    return this.#samples.find((sample) => sample.atMs === atMs) ?? null;
  }

  #drawLegend() {
    const { series, format, name } = this.#options;
    const [pointed, newest] = [this.#pointed(), this.#samples.at(-1)];
    const sample = pointed ?? newest;
    const read = (one, from) => format((from && one.read(from)) ?? NaN);
    const items = series.map((one) => legendItem(one.label, one.slot, read(one, sample)));
    if (pointed) items.push(legendItem(clockText(pointed.atMs), null, ""));
    this.#legend.replaceChildren(...items);
    const said = series.map((one) => `${one.label} ${read(one, newest)}`);
    this.#chart?.root.setAttribute("aria-label", `${name}: ${said.join(", ")}`);
  }

  #drawMark({ ctx, bbox, valToPos }) {
    const { mark } = this.#options;
    if (mark === null) return;
    const y = Math.round(valToPos(mark, "y", true));
    ctx.save();
    ctx.strokeStyle = styleOf(this.#legend, "--bad");
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash(DASH.map((length) => length * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}

/** The ticks of the shortest axis that holds the samples of so long, in minutes; the first is its length. */
export function axisMinutes(knownMs) {
  return MINUTES.find(([length]) => knownMs <= length * 60_000) ?? MINUTES.at(-1);
}

function between(value, [least, most]) {
  return value >= least && value <= most;
}

function styleOf(element, name) {
  return getComputedStyle(element ?? document.body).getPropertyValue(name).trim();
}

function legendItem(text, slot, value) {
  const item = document.createElement("li");
  if (slot !== null) item.className = `key-series series-${slot}`;
  const number = document.createElement("b");
  number.textContent = value === "NaN" ? UNKNOWN : value;
  item.append(text, " ", number);
  return item;
}
