// The operator's page: asks for the status once a second, and shows at every instant how old what it shows is.
//
// Wiring only. Rates are made in rates.js, the verdict in verdict.js. A missing answer is never hidden: the page fades
// and says since when. The token is in this tab's session storage and nowhere else; `#token=...` in the address, which
// `linkhub demo` prints, is moved there.

import { clockText, countText, decadeText, latencyText, rateText, spanText } from "./measure.js";
import { ListingPanel } from "./listing-panel.js";
import { drawConnections, drawDeadLetters, drawDeviations, drawNodes, drawShops, drawStaging } from "./panels.js";
import { History } from "./rates.js";
import { TimeChart } from "./time-chart.js";
import { findings, verdict } from "./verdict.js";

const ASK_MS = 1_000;
const ANSWER_MS = 5_000;
const STALE_MS = 4_000;
const TOKEN_KEY = "linkhub.admin-token";
const OUTCOMES = [["saved", 2], ["staged", 1], ["known", 6], ["expired", 3], ["released", 4], ["rejected", 5]];

const part = (id) => document.getElementById(id);
const history = new History();
const charts = [
  new TimeChart(part("chart-events"), {
    name: "Events per second", isStack: true, format: rateText, tick: countText, least: 4,
    series: OUTCOMES.map(([outcome, slot]) => ({ label: outcome, slot, read: readOutcome(outcome) })),
  }),
  new TimeChart(part("chart-latency"), {
    name: "Latency", isLog: true, format: latencyText, tick: decadeText, mark: 1,
    series: [{ label: "p50", slot: 2, read: ({ p50 }) => p50 }, { label: "p99", slot: 4, read: ({ p99 }) => p99 }],
  }),
  new TimeChart(part("chart-products"), {
    name: "Products per second", isStack: true, format: rateText, tick: countText, least: 4,
    series: [{ label: "new", slot: 2, read: ({ created }) => created },
      { label: "revised", slot: 3, read: ({ revised }) => revised }],
  }),
  new TimeChart(part("chart-queues"), {
    name: "Messages waiting", format: countText, least: 10,
    series: [{ label: "caption", slot: 1, read: ({ queues }) => queues.caption },
      { label: "thumbnail", slot: 2, read: ({ queues }) => queues.thumbnail }],
  }),
];

let answeredAtMs = null;
let problem = null;

// An outcome that has not happened yet is nought, as long as anything is counted at all.
function readOutcome(outcome) {
  return ({ events, outcomes }) => (events === null ? null : (outcomes[outcome] ?? 0));
}

async function ask() {
  if (part("gate").open) return;
  try {
    const response = await fetch("/api/v1/operator/status", { headers: headers(), signal: AbortSignal.timeout(ANSWER_MS) });
    if (response.status === 401) askForToken();
    else if (response.ok) show(await response.json());
    else if (response.status === 403) problem = "refuses this host name: its log names the setting that allows it";
    else problem = `answered ${response.status}`;
  } catch (error) {
    problem = error.name === "TimeoutError" ? "does not answer" : "cannot be reached";
  }
  showContact();
}

function headers() {
  const token = sessionStorage.getItem(TOKEN_KEY);
  return { Accept: "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
}

function show(status) {
  answeredAtMs = performance.now();
  problem = null;
  const sample = history.push(status);
  showPlate(status);
  showVerdict(findings(status, history.samples));
  showReadings(status, sample);
  for (const chart of charts) chart.draw(history.samples);
  drawDeadLetters(status.dead_letters);
  drawDeviations(status.deviations);
  drawStaging(status.staging, status.settings.staging_ttl_seconds);
  drawShops(status.realtime);
  drawConnections(status.realtime, sample.deliveries);
  drawNodes(status.nodes, sample.atMs);
}

function showPlate({ node, timestamp }) {
  const upSeconds = (Date.parse(timestamp) - Date.parse(node.started_at)) / 1000;
  part("node").textContent = `${node.id} · ${node.backend} · ${node.version} · up ${spanText(upSeconds)}`;
  part("server-time").textContent = clockText(Date.parse(timestamp));
}

function showVerdict(found) {
  const { level, title } = verdict(found);
  part("verdict").dataset.level = level;
  setText("verdict-title", title);
  document.title = level === "good" ? "linkhub" : `${level === "bad" ? "✕" : "!"} ${title} · linkhub`;
  const texts = found.map(({ text, advice }) => [text, advice].join("\n")).join("\n\n");
  if (part("findings").dataset.texts === texts) return;
  part("findings").dataset.texts = texts;
  part("findings").replaceChildren(...found.map(findingItem));
}

function findingItem({ level, text, advice }) {
  const item = document.createElement("li");
  item.dataset.level = level;
  const what = document.createElement("strong");
  what.textContent = text;
  item.append(what, " ", advice);
  return item;
}

function showReadings({ staging, dead_letters: letters, realtime }, { events, created, p50, p99 }) {
  setText("reading-events", rateText(events));
  setText("reading-products", rateText(created));
  setText("reading-p50", latencyText(p50));
  setText("reading-p99", latencyText(p99));
  setText("reading-staging", countText(staging?.count));
  setText("reading-dead", countText(letters?.total));
  setText("reading-connections", countText(realtime?.connections));
}

function setText(id, text) {
  if (part(id).textContent !== text) part(id).textContent = text;
}

// --- contact ---

function showContact() {
  const silentMs = answeredAtMs === null ? Infinity : performance.now() - answeredAtMs;
  const isStale = silentMs > STALE_MS;
  const contact = answeredAtMs === null ? "none" : isStale ? "lost" : "good";
  document.body.dataset.contact = problem && answeredAtMs === null ? "lost" : contact;
  part("contact").textContent = contactText(isStale, silentMs);
  if (!problem || !isStale) return;
  part("verdict").dataset.level = "bad";
  setText("verdict-title", `linkhub ${problem}`);
  document.title = `✕ linkhub ${problem}`;
  part("findings").dataset.texts = "";
  part("findings").replaceChildren(findingItem({
    level: "bad",
    text: answeredAtMs === null ? "There are no readings." : "The readings below are old.",
    advice: "The page goes on asking. Is the server running? Its log says why it ended.",
  }));
}

function contactText(isStale, silentMs) {
  if (answeredAtMs === null) return problem ? "No answer" : "No answer yet";
  return isStale ? `Last answer ${spanText(silentMs / 1000)} ago` : "Live";
}

// --- the gate ---

function askForToken() {
  part("gate-error").textContent = sessionStorage.getItem(TOKEN_KEY) ? "That token was not accepted." : "";
  sessionStorage.removeItem(TOKEN_KEY);
  part("gate").showModal();
}

function takeTokenOfAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return;
  sessionStorage.setItem(TOKEN_KEY, token);
  window.history.replaceState(null, "", location.pathname + location.search); // `history` is the figures
}

part("gate").addEventListener("cancel", (event) => event.preventDefault());
part("gate-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN_KEY, part("gate-token").value.trim());
  part("gate-token").value = "";
  part("gate").close();
  void ask();
});
part("visit").addEventListener("submit", (event) => {
  event.preventDefault();
  location.assign(`/shop/${encodeURIComponent(part("visit-handle").value)}`);
});

// One question at a time: a slow answer delays the next question instead of piling up behind it.
async function askForEver() {
  await ask();
  setTimeout(askForEver, ASK_MS);
}

takeTokenOfAddress();
new ListingPanel({ headers, askForToken });
setInterval(showContact, ASK_MS);
void askForEver();
