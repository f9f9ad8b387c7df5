// The operator's page: asks for the status once a second, and shows at every instant how old what it shows is.
//
// Wiring only. Rates are made in rates.js, the verdict in verdict.js. A missing answer is never hidden: the page fades
// and says since when. The charts begin with the last hour of the server, so a reload loses nothing.

import { clockText, countText, decadeText, latencyText, rateText, spanText } from "./measure.js";
import { DeadLetters } from "./dead-letters.js";
import { element } from "./element.js";
import { ListingPanel } from "./listing-panel.js";
import { OperatorApi, problemText } from "./operator-api.js";
import { drawConnections, drawDeviations, drawNodes, drawShops, drawStaging } from "./panels.js";
import { History } from "./rates.js";
import { ShopList } from "./shop-list.js";
import { StalledPanel } from "./stalled-panel.js";
import { TimeChart } from "./time-chart.js";
import { findings, scopeText, verdict } from "./verdict.js";
import { WhyPanel } from "./why-panel.js";

const ASK_MS = 1_000;
const ANSWER_MS = 5_000;
const STALE_MS = 4_000;
const OUTCOMES = [["saved", 2], ["staged", 1], ["known", 6], ["expired", 3], ["released", 4], ["rejected", 5]];

const part = (id) => document.getElementById(id);
const api = new OperatorApi(askForToken);
const history = new History();
const deadLetters = new DeadLetters(api);
const whyPanel = new WhyPanel(api, (letterId) => deadLetters.open(letterId));
const stalledPanel = new StalledPanel(api, (videoId, handle) => whyPanel.show(videoId, handle));
const charts = [
  new TimeChart(part("chart-events"), {
    name: "Events per second", isStack: true, format: rateText, tick: countText, least: 4,
    series: OUTCOMES.map(([outcome, slot]) => ({ label: outcome, slot, read: readOutcome(outcome) })),
  }),
  new TimeChart(part("chart-latency"), {
    name: "Time to announcement", isLog: true, format: latencyText, tick: decadeText, mark: 1,
    series: [{ label: "ours, half", slot: 2, read: ({ ownP50 }) => ownP50 },
      { label: "ours, 99 %", slot: 4, read: ({ ownP99 }) => ownP99 },
      { label: "waiting for the partner, half", slot: 6, read: ({ partnerP50 }) => partnerP50 }],
  }),
  new TimeChart(part("chart-screen"), {
    name: "Time to the screen", isLog: true, format: latencyText, tick: decadeText,
    series: [{ label: "half", slot: 2, read: ({ screenP50 }) => screenP50 },
      { label: "99 %", slot: 4, read: ({ screenP99 }) => screenP99 }],
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
let knownUntil = null;

// An outcome that has not happened yet is nought, as long as anything is counted at all.
function readOutcome(outcome) {
  return ({ events, outcomes }) => (events === null ? null : (outcomes[outcome] ?? 0));
}

async function ask() {
  if (part("gate").open) return;
  if (silentMs() > STALE_MS) await loadHistory();
  if (part("gate").open) return;
  const answer = await api.ask("GET", "/api/v1/operator/status", { answerMs: ANSWER_MS });
  if (answer.isOk) show(answer.document);
  else if (answer.status === 403) problem = "refuses this host name: its log names the setting that allows it";
  else if (answer.status === 0) problem = answer.document.detail.replace(/^linkhub /, "");
  else if (answer.status !== 401) problem = `answered ${answer.status}`;
  showContact();
}

async function loadHistory() {
  const answer = await api.ask("GET", "/api/v1/operator/history", { answerMs: ANSWER_MS });
  if (answer.isOk) history.load(answer.document);
}

function show(status) {
  answeredAtMs = performance.now();
  problem = null;
  const sample = history.push(status);
  showPlate(status);
  showVerdict(findings(status, history));
  showSeen(status.seen);
  showReadings(status, sample);
  for (const chart of charts) chart.draw(history.samples);
  deadLetters.follow(status.dead_letters);
  stalledPanel.draw(status.stalled, status.settings.stall_seconds, sample.atMs);
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

function findingItem({ level, text, advice, entry, place }) {
  const item = element("li", "", [element("strong", "", `${text}.`), " ", advice]);
  item.dataset.level = level;
  if (place) item.append(" ", findingLink("Show", `#${place}`, text));
  if (entry) item.append(" ", findingLink("What to do", `/runbook#${entry}`, text));
  return item;
}

function findingLink(name, address, finding) {
  const link = element("a", "", name);
  link.href = address;
  link.setAttribute("aria-label", `${name}: ${finding}`);
  return link;
}

function showSeen(seen) {
  knownUntil = seen?.known_until ?? null;
  part("seen").hidden = !seen;
  if (seen) setText("seen-text", scopeText(seen));
}

async function markAsSeen() {
  const answer = await api.ask("PUT", "/api/v1/operator/seen", { body: { at: knownUntil } });
  part("seen-problem").textContent = answer.isOk || answer.status === 401 ? "" : problemText(answer);
  if (answer.isOk) await ask();
}

function showReadings({ staging, dead_letters: letters, realtime }, { events, created, ownP50, ownP99, partnerP50 }) {
  setText("reading-events", rateText(events));
  setText("reading-products", rateText(created));
  setText("reading-p50", latencyText(ownP50));
  setText("reading-p99", latencyText(ownP99));
  setText("reading-partner", latencyText(partnerP50));
  setText("reading-staging", countText(staging?.count));
  setText("reading-dead", countText(letters?.total));
  setText("reading-connections", countText(realtime?.connections));
}

function setText(id, text) {
  if (part(id).textContent !== text) part(id).textContent = text;
}

// --- contact ---

function silentMs() {
  return answeredAtMs === null ? Infinity : performance.now() - answeredAtMs;
}

function showContact() {
  const isStale = silentMs() > STALE_MS;
  const contact = answeredAtMs === null ? "none" : isStale ? "lost" : "good";
  document.body.dataset.contact = problem && answeredAtMs === null ? "lost" : contact;
  part("contact").textContent = contactText(isStale);
  if (!problem || !isStale) return;
  part("verdict").dataset.level = "bad";
  setText("verdict-title", `linkhub ${problem}`);
  document.title = `✕ linkhub ${problem}`;
  part("findings").dataset.texts = "";
  part("findings").replaceChildren(findingItem({
    level: "bad",
    text: answeredAtMs === null ? "There are no readings" : "The readings below are old",
    advice: "The page asks again every second. Is the server running? If it ended, its log has the reason.",
  }));
}

function contactText(isStale) {
  if (answeredAtMs === null) return problem ? "No answer" : "No answer yet";
  return isStale ? `Last answer ${spanText(silentMs() / 1000)} ago` : "Live";
}

// --- the gate ---

function askForToken(hadToken) {
  if (hadToken) part("gate-error").textContent = "That token was not accepted.";
  if (!part("gate").open) part("gate").showModal();
}

part("gate").addEventListener("cancel", (event) => event.preventDefault());
part("gate-form").addEventListener("submit", (event) => {
  event.preventDefault();
  api.takeToken(part("gate-token").value.trim());
  part("gate-token").value = "";
  part("gate-error").textContent = "";
  part("gate").close();
  void ask();
});
part("visit").addEventListener("submit", (event) => {
  event.preventDefault();
  location.assign(`/shop/${encodeURIComponent(part("visit-handle").value)}`);
});
part("seen-button").addEventListener("click", () => void markAsSeen());

// One question at a time: a slow answer delays the next question instead of piling up behind it.
async function askForEver() {
  await ask();
  setTimeout(askForEver, ASK_MS);
}

new ListingPanel(api);
new ShopList(api);
setInterval(showContact, ASK_MS);
void askForEver();
