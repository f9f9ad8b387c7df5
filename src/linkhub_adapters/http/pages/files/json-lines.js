// On which line of a JSON text each value is, for the marks of an editor. Works on a text that is not sound, too.
//
// Pure. A path is written as a fault has it: `thumbnails[0].thumbnail_url`, names in snake case.

const TOKEN = /"(?:[^"\\\n]|\\.)*"?|[{}[\]:,]|\n|[^\s{}[\]:,"]+/g;

/** The number of the line, from 0, by path; the first of two equal paths. */
export function linesByPath(text) {
  const lines = new Map();
  const around = [];
  let line = 0;
  for (const [token] of text.matchAll(TOKEN)) {
    const box = around.at(-1);
    if (token === "\n") line += 1;
    else if (token === "{" || token === "[") {
      begin(box, line, lines);
      around.push({ isList: token === "[", path: box ? box.here : "", index: -1, here: "", isNamed: false });
      note(lines, around.at(-1).path, line);
    } else if (token === "}" || token === "]") around.pop();
    else if (token === ",") box && (box.isNamed = false);
    else if (token === ":") box && (box.isNamed = true);
    else if (box && !box.isList && !box.isNamed) {
      box.here = join(box.path, snake(unquoted(token)));
      note(lines, box.here, line);
    } else begin(box, line, lines);
  }
  return lines;
}

/** The line of a path, or of the nearest value around it. */
export function lineOf(lines, path) {
  let place = path;
  while (place && !lines.has(place)) place = place.slice(0, Math.max(place.lastIndexOf("."), place.lastIndexOf("["), 0));
  return lines.get(place) ?? 0;
}

// A value within a list has the list's path and its place.
function begin(box, line, lines) {
  if (!box?.isList) return;
  box.index += 1;
  box.here = `${box.path}[${box.index}]`;
  note(lines, box.here, line);
}

function note(lines, path, line) {
  if (!lines.has(path)) lines.set(path, line);
}

function join(path, name) {
  return path ? `${path}.${name}` : name;
}

function unquoted(token) {
  try {
    return JSON.parse(token);
  } catch {
    return token.replaceAll('"', "");
  }
}

function snake(name) {
  return String(name).replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
