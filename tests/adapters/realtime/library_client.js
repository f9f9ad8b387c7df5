// Client libraries other than Socket.IO's, moved like the official client by lines of JSON on standard input.
// Arguments: the library (ws or eventsource), its directory, the address, and what is library-specific, as JSON.
const [library, directory, address, more] = process.argv.slice(2);
const options = JSON.parse(more);
const tell = (...line) => console.log(JSON.stringify(line));
const steps = {};

if (library === "ws") {
  const WebSocket = require(directory);
  const socket = new WebSocket(address, options.protocols ?? [], options);
  socket.on("open", () => tell("open", socket.protocol, socket.extensions));
  socket.on("unexpected-response", (_, response) => tell("refused", response.statusCode));
  socket.on("error", (error) => tell("failed", error.message));
  socket.on("message", (text) => {
    const { event, data } = JSON.parse(text);
    tell("event", event, data);
  });
  socket.on("close", (code) => tell("close", code));
  steps.emit = (event, data) => socket.send(JSON.stringify({ event, data }));
}

if (library === "eventsource") {
  const { EventSource } = require(directory);
  const fetchWith = (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...options.headers } });
  const source = new EventSource(address, { fetch: fetchWith });
  source.onopen = () => tell("open");
  source.onerror = (error) => tell("failed", error.code);
  for (const name of ["connected", "subscribed", "new_product", "product_updated"]) {
    source.addEventListener(name, (event) => tell("event", name, JSON.parse(event.data), event.lastEventId));
  }
}

require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const [what, ...rest] = JSON.parse(line);
  steps[what](...rest);
});
process.stdin.on("end", () => process.exit(0));
