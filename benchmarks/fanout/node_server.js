// Socket.IO on Node.js, with its defaults, by WebSocket.  node node_server.js DIRECTORY_OF_SOCKET_IO EVENTS
const { readFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { Server } = require(process.argv[2]);

const events = readFileSync(process.argv[3], "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
const http = createServer();
const products = new Server(http).of("/products");

products.on("connection", (socket) => {
  socket.on("subscribe_to_seller", ({ seller_handle }) => {
    socket.join(seller_handle);
    socket.emit("subscribed", {});
  });
});

process.stdin.on("data", (commands) => {
  for (const _ of commands.toString().trim().split("\n")) {
    const event = events.shift();
    products.to(event.product.seller_handle).emit("new_product", event);
  }
});
process.stdin.on("end", () => process.exit());
http.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => console.log("port", http.address().port));
