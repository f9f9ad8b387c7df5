// The official client, moved by lines of JSON on standard input, telling what happens in lines on standard output.
// Arguments: the directory of socket.io-client, the address, the options.
const { io } = require(process.argv[2]);
const tell = (...line) => console.log(JSON.stringify(line));
const socket = io(process.argv[3], JSON.parse(process.argv[4]));

socket.io.on("open", () => tell("open", socket.io.engine.transport.name));
socket.on("connect", () => tell("connect", socket.id));
socket.on("connect_error", (error) => tell("connect_error", error.message));
socket.on("disconnect", (reason) => tell("disconnect", reason));
socket.onAny((name, data) => tell("event", name, data));
socket.io.engine.on("upgrade", (transport) => tell("upgrade", transport.name));

require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const [what, ...rest] = JSON.parse(line);
  if (what === "emit") socket.emit(...rest);
  if (what === "ask") socket.emit(...rest, (answer) => tell("ack", answer));
  if (what === "cut") socket.io.engine.close();
  if (what === "disconnect") socket.disconnect();
  if (what === "binary") socket.emit("subscribe_to_seller", Buffer.from("binary"));
});
process.stdin.on("end", () => process.exit(0));
