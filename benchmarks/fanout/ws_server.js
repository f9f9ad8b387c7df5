// ws on Node.js, with its defaults, or with compression.  node ws_server.js DIRECTORY_OF_WS EVENTS [compress]
const { readFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { WebSocketServer } = require(process.argv[2]);

const events = readFileSync(process.argv[3], "utf8").trimEnd().split("\n");
const server = createServer();
const sockets = new WebSocketServer({ server, path: "/products", perMessageDeflate: process.argv[4] === "compress" });
const subscribers = new Set();

sockets.on("connection", (socket) => {
  socket.send('{"event":"connected","data":{}}', { compress: false });
  socket.on("message", () => {
    subscribers.add(socket);
    socket.send('{"event":"subscribed","data":{}}', { compress: false });
  });
  socket.on("close", () => subscribers.delete(socket));
});

process.stdin.on("data", (commands) => {
  for (const _ of commands.toString().trim().split("\n")) {
    const message = `{"event":"new_product","data":${events.shift()}}`;
    for (const socket of subscribers) socket.send(message);
  }
});
process.stdin.on("end", () => process.exit());
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => console.log("port", server.address().port));
