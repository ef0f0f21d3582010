"use strict";
// The report is data; this draws it. Whatever comes from the file is put in as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined) made.append(child);
  return made;
}

function count(number) { return number.toLocaleString("en-US"); }

function plural(number, noun) { return count(number) + " " + noun + (number === 1 ? "" : "s"); }

// A name may be empty, and still has to be seen.
function spelled(name) { return name === "" ? '""' : name; }

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) { bytes /= 1024; unit += 1; }
  return (unit === 0 ? bytes : bytes.toFixed(1)) + " " + units[unit];
}

function number(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  return magnitude >= 1e5 || magnitude < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}

// Names stand as what they have in common with the name before, and the rest.
let previous = "";
const tensors = data.tensors.map((row, place) => {
  previous = previous.slice(0, row[0]) + row[1];
  const [minimum, maximum, mean, deviation, zeros, nans, infinities] = row[5] || [];
  return {
    place, name: previous, dtype: data.dtypes[row[2]], shape: row[3], bytes: row[4], measured: row[5] !== null,
    elements: row[3].reduce((product, side) => product * side, 1),
    minimum, maximum, mean, deviation, zeros: zeros || 0, nans: nans || 0, infinities: infinities || 0,
    histogram: row[6] || null,
  };
});

const main = document.getElementById("main");
const contents = document.getElementById("contents");

function section(id, title, ...children) {
  main.append(element("section", { id, "aria-labelledby": id + "-title" }, element("h2", { id: id + "-title" }, title), ...children));
  contents.append(element("a", { href: "#" + id }, title));
}

function table(columns, rows) {
  return element("div", { class: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, columns.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, rows.map((cells) => element("tr", {}, cells.map((cell, place) =>
      element("td", { class: place === 0 ? "name" : null }, cell)))))));
}

// A long list shows its beginning, and the rest when asked.
function unfolding(items, show, draw) {
  const box = element("div", {});
  const fill = (some) => box.replaceChildren(draw(some), ...(some.length < items.length
    ? [element("button", { onclick: () => fill(items) }, "Show all " + count(items.length))] : []));
  fill(items.slice(0, show));
  return box;
}

// MARK: What it is

document.getElementById("subtitle").textContent = data.subtitle;
const totalBytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
const totalElements = tensors.reduce((sum, tensor) => sum + tensor.elements, 0);
const strange = tensors.filter((tensor) => tensor.nans + tensor.infinities > 0);
section("summary", "What it is",
  element("div", { class: "cards" },
    [["tensors", count(tensors.length)], ["elements", count(totalElements)], ["bytes", size(totalBytes)],
      ["dtypes", data.dtypes.join(", ") || "–"],
      ["not finite", strange.length === 0 ? "none" : plural(strange.length, "tensor")]]
      .map(([name, value]) => element("div", {}, element("span", { class: "faint" }, name), element("b", {}, value)))),
  element("dl", {}, data.facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
  data.problems.map((text) => element("p", { class: "bad" }, text)),
  data.warnings.map((text) => element("p", { class: "warning" }, text)));

if (data.globals) {
  section("safety", "What its pickle names",
    element("p", { class: data.globals.loads ? "good" : "warning" }, data.globals.verdict),
    element("p", { class: "faint" }, "Nothing in it was executed to make this report."),
    data.globals.names.length === 0 ? null : unfolding(data.globals.names, 30, (names) =>
      table(["name", "class", ""], names.map(([name, kind, harm]) =>
        [name, element("span", { class: kind === "known" ? "good" : kind === "harmful" ? "bad" : "warning" }, kind), harm]))));
}

// MARK: The tree

const root = { name: "", children: new Map(), bytes: 0, elements: 0, tensors: 0, leaf: null };
for (const tensor of tensors) {
  let node = root;
  const parts = tensor.name.split(".");
  parts.forEach((part, depth) => {
    node.bytes += tensor.bytes; node.elements += tensor.elements; node.tensors += 1;
    const isLeaf = depth === parts.length - 1;
    const key = isLeaf ? "\u0000" + part : part;
    if (!node.children.has(key)) {
      node.children.set(key, { name: part, children: new Map(), bytes: 0, elements: 0, tensors: 0, leaf: null, parent: node });
    }
    node = node.children.get(key);
  });
  node.bytes += tensor.bytes; node.elements += tensor.elements; node.tensors += 1; node.leaf = tensor;
}

function path(node) {
  const parts = [];
  for (; node && node !== root; node = node.parent) parts.unshift(node.name);
  return parts.join(".");
}

function sums(node) {
  const share = totalBytes > 0 ? " · " + (100 * node.bytes / totalBytes).toFixed(1) + " %" : "";
  return element("span", { class: "sum mono" }, node.leaf
    ? node.leaf.dtype + " [" + node.leaf.shape.join(", ") + "] · " + size(node.bytes)
    : plural(node.tensors, "tensor") + " · " + count(node.elements) + " · " + size(node.bytes) + share);
}

function branch(node) {
  if (node.leaf) return element("div", { class: "leaf" }, element("span", { class: "mono" }, spelled(node.name)), sums(node));
  const box = element("details", {}, element("summary", {}, element("span", { class: "mono" }, spelled(node.name)), sums(node)));
  // A branch is drawn when it is first opened.
  box.addEventListener("toggle", () => { if (box.open && box.children.length === 1) box.append(branches(node)); });
  return box;
}

function branches(node) {
  return unfolding([...node.children.values()], 200, (some) => element("div", {}, some.map(branch)));
}

if (tensors.length > 0) {
  const tree = branches(root);
  section("tree", "Modules", tree);
  // What lies under one name alone is shown at once, where it is not long.
  const [only] = root.children.values();
  if (root.children.size === 1 && only.children.size > 0 && only.children.size <= 30) tree.querySelector("details").open = true;
}

// MARK: The treemap

// Squarified: rows are filled along the shorter side for as long as that makes their rectangles squarer.
function squarified(items, x, y, width, height) {
  const total = items.reduce((sum, item) => sum + item.bytes, 0);
  const placed = [];
  let rest = items.map((item) => ({ item, area: item.bytes / total * width * height }));
  while (rest.length > 0 && width > 0 && height > 0) {
    const side = Math.min(width, height);
    let row = [], sum = 0, worst = Infinity;
    while (rest.length > 0) {
      const next = sum + rest[0].area;
      const areas = row.concat(rest[0]).map((one) => one.area);
      const ratio = Math.max(side * side * Math.max(...areas) / (next * next), next * next / (side * side * Math.min(...areas)));
      if (ratio > worst) break;
      worst = ratio; sum = next; row.push(rest.shift());
    }
    const thickness = sum / side;
    let along = 0;
    for (const one of row) {
      const length = one.area / thickness;
      placed.push(width >= height
        ? { item: one.item, x, y: y + along, width: thickness, height: length }
        : { item: one.item, x: x + along, y, width: length, height: thickness });
      along += length;
    }
    if (width >= height) { x += thickness; width -= thickness; } else { y += thickness; height -= thickness; }
  }
  return placed;
}

// What is shown of a module: its parts, and in place of the largest of these theirs, as long as there is room.
function parts(node) {
  const sized = (some) => [...some.children.values()].filter((child) => child.bytes > 0);
  let shown = sized(node).map((child, family) => ({ child, family, bytes: child.bytes }));
  for (;;) {
    shown.sort((a, b) => b.bytes - a.bytes);
    const next = shown.find(({ child }) => child.children.size > 0 && child.bytes > node.bytes / 25
      && shown.length + child.children.size <= 120);
    if (!next) break;
    shown = shown.filter((one) => one !== next).concat(sized(next.child).map((child) => ({ child, family: next.family, bytes: child.bytes })));
  }
  return shown;
}

function drawMap(node) {
  const map = document.getElementById("map");
  let shown = parts(node);
  if (shown.length > 150) {
    const others = shown.slice(149);
    const bytes = others.reduce((total, one) => total + one.bytes, 0);
    shown = shown.slice(0, 149).concat({ child: { name: count(others.length) + " others", children: new Map(), bytes }, family: 0, bytes });
  }
  const prefix = node === root ? 0 : path(node).length + 1;
  map.replaceChildren(...squarified(shown, 0, 0, 100, 100).map((place) => {
    const { child, family } = place.item;
    const name = spelled(child.parent ? path(child).slice(prefix) : child.name);
    const label = name + ", " + size(child.bytes) + ", " + (100 * child.bytes / totalBytes).toFixed(1) + " %";
    return element("button", {
      style: `left:${place.x}%;top:${place.y}%;width:${place.width}%;height:${place.height}%;background:hsl(${(family * 67 + 170) % 360} 38% 74%)`,
      title: label, "aria-label": label, disabled: child.children.size === 0,
      onclick: () => { drawMap(child); document.getElementById("up").focus(); },
    }, place.width > 5 && place.height > 8 ? element("span", {}, name + " " + size(child.bytes)) : "");
  }));
  const up = document.getElementById("up");
  up.disabled = node === root;
  up.onclick = () => drawMap(node.parent);
  document.getElementById("where").textContent = (path(node) || "all") + ": " + size(node.bytes);
}

if (totalBytes > 0) {
  section("sizes", "Sizes", element("div", { id: "map" }),
    element("p", {}, element("button", { id: "up" }, "Up"), " ", element("span", { id: "where", class: "mono", "aria-live": "polite" })));
  drawMap(root);
}

// MARK: The tensors

function histogram(tensor) {
  if (!tensor.histogram) return null;
  const [start, width, text] = tensor.histogram;
  const heights = [...text].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".indexOf(letter));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "histogram");
  svg.setAttribute("viewBox", "0 0 " + heights.length + " 63");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "from " + number(start) + " to " + number(start + width * heights.length));
  const title = document.createElementNS(svg.namespaceURI, "title");
  title.textContent = "from " + number(start) + " to " + number(start + width * heights.length);
  svg.append(title);
  heights.forEach((height, place) => {
    if (height === 0) return;
    const bar = document.createElementNS(svg.namespaceURI, "rect");
    for (const [key, value] of [["x", place], ["y", 63 - height], ["width", 0.92], ["height", height]]) bar.setAttribute(key, value);
    svg.append(bar);
  });
  return svg;
}

const PAGE = 100;
const view = { find: "", dtype: "", order: "place", descending: false, page: 0 };
const columns = [
  ["place", "#"], ["name", "name"], ["dtype", "dtype"], ["elements", "shape"], ["bytes", "size"], ["minimum", "min"],
  ["maximum", "max"], ["mean", "mean"], ["deviation", "std"], ["zeros", "zeros"], ["nans", "nan"], ["infinities", "inf"],
];

function compare(one, other) {
  const [a, b] = [one[view.order], other[view.order]];
  if (a === b) return one.place - other.place;
  // What has no such number comes last, whichever way it is sorted.
  if (a === undefined || a === null) return 1;
  if (b === undefined || b === null) return -1;
  return (a < b ? -1 : 1) * (view.descending ? -1 : 1);
}

// A name may break behind a dot.
function broken(text) {
  return text.split(".").flatMap((part, place) => place === 0 ? [part] : [".", element("wbr", {}), part]);
}

function marked(name) {
  const at = view.find ? name.toLowerCase().indexOf(view.find.toLowerCase()) : -1;
  return name === "" ? [spelled(name)] : at < 0 ? broken(name)
    : [broken(name.slice(0, at)), element("mark", {}, name.slice(at, at + view.find.length)), broken(name.slice(at + view.find.length))].flat();
}

function drawTensors() {
  const wanted = view.find.toLowerCase();
  const found = tensors.filter((tensor) =>
    (!wanted || tensor.name.toLowerCase().includes(wanted)) && (!view.dtype || tensor.dtype === view.dtype)).sort(compare);
  const pages = Math.max(1, Math.ceil(found.length / PAGE));
  view.page = Math.min(view.page, pages - 1);
  const shown = found.slice(view.page * PAGE, (view.page + 1) * PAGE);
  document.getElementById("found").textContent = count(found.length) + " of " + plural(tensors.length, "tensor")
    + (pages > 1 ? ", page " + (view.page + 1) + " of " + count(pages) : "");
  document.getElementById("before").disabled = view.page === 0;
  document.getElementById("after").disabled = view.page === pages - 1;
  document.getElementById("heads").replaceChildren(...columns.map(([key, title]) => element("th", {
    scope: "col", class: ["place", "name", "dtype"].includes(key) ? null : "number",
    "aria-sort": view.order === key ? (view.descending ? "descending" : "ascending") : null,
  }, element("button", {
    onclick: () => {
      view.descending = view.order === key ? !view.descending : !["place", "name", "dtype"].includes(key);
      view.order = key; view.page = 0;
      drawTensors();
      document.getElementById("heads").children[columns.findIndex((column) => column[0] === key)].firstChild.focus();
    },
  }, title + (view.order === key ? (view.descending ? " ↓" : " ↑") : "")))), element("th", { scope: "col" }, "histogram"));
  document.getElementById("rows").replaceChildren(...shown.map((tensor) => element("tr", {},
    element("td", { class: "number faint" }, count(tensor.place)), element("td", { class: "name" }, element("div", { class: "long" }, marked(tensor.name))),
    element("td", {}, tensor.dtype), element("td", { class: "number" }, "[" + tensor.shape.join(", ") + "]"),
    element("td", { class: "number" }, size(tensor.bytes)),
    ["minimum", "maximum", "mean", "deviation"].map((key) => element("td", { class: "number" }, number(tensor[key]))),
    ["zeros", "nans", "infinities"].map((key) => element("td", { class: "number" + (key !== "zeros" && tensor[key] > 0 ? " bad" : "") },
      tensor.measured ? count(tensor[key]) : "–")),
    element("td", {}, histogram(tensor)))));
}

if (tensors.length > 0) {
  const search = element("input", { type: "search", id: "search", placeholder: "Find a name  ( / )", "aria-label": "Find a name",
    oninput: (event) => { view.find = event.target.value; view.page = 0; drawTensors(); } });
  section("tensors", "Tensors",
    element("div", { class: "tools" }, search,
      element("select", { id: "dtype", "aria-label": "Only of a dtype", onchange: (event) => { view.dtype = event.target.value; view.page = 0; drawTensors(); } },
        element("option", { value: "" }, "every dtype"), data.dtypes.map((name) => element("option", {}, name))),
      element("button", { id: "before", onclick: () => { view.page -= 1; drawTensors(); } }, "‹ Before"),
      element("button", { id: "after", onclick: () => { view.page += 1; drawTensors(); } }, "After ›"),
      element("span", { id: "found", class: "faint", role: "status" })),
    element("div", { class: "scroll" }, element("table", {}, element("thead", {}, element("tr", { id: "heads" })), element("tbody", { id: "rows" }))),
    data.omitted ? element("p", { class: "faint" }, data.omitted) : null);
  // An address that ends in #find=NAME begins with that search.
  const asked = /^#find=(.*)$/.exec(location.hash);
  if (asked) {
    try { view.find = decodeURIComponent(asked[1]); } catch { view.find = asked[1]; }
    search.value = view.find;
  }
  drawTensors();
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !["INPUT", "SELECT"].includes(document.activeElement.tagName)) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape" && document.activeElement === search) { search.value = view.find = ""; drawTensors(); }
  });
  // On paper there are no pages to turn.
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((box) => { if (tensors.length <= 2000) box.open = true; }));
}

// MARK: The other file

if (data.diff) {
  const diff = data.diff;
  const byModule = new Map();
  for (const [name, , largest, relative] of diff.values) {
    const module = name.split(".").slice(0, -1).join(".") || name;
    const so = byModule.get(module) || { tensors: 0, largest: 0, relative: 0 };
    byModule.set(module, { tensors: so.tensors + 1, largest: Math.max(so.largest, largest || 0), relative: relative === null ? Infinity : Math.max(so.relative, relative) });
  }
  const modules = [...byModule].sort((a, b) => b[1].relative - a[1].relative || b[1].largest - a[1].largest);
  section("diff", "Beside " + diff.name,
    element("p", { class: "faint" }, diff.other),
    element("p", { class: diff.same ? "good" : "warning" }, diff.summary),
    [["only here", diff.removed], ["only there", diff.added], ["under another name", diff.renamed], ["other shapes", diff.reshaped], ["other dtypes", diff.recast]]
      .filter(([, items]) => items.length > 0).map(([title, items]) => element("details", {},
        element("summary", {}, title, element("span", { class: "sum" }, count(items.length))),
        unfolding(items, 200, (some) => element("ul", {}, some.map((text) => element("li", { class: "mono" }, text)))))),
    modules.length === 0 ? null : [element("h2", {}, "What changed most, by module"), unfolding(modules, 15, (some) =>
      table(["module", "tensors", "largest |a − b|", "largest |a − b| / |b|"],
        some.map(([name, so]) => [name, count(so.tensors), number(so.largest), so.relative === Infinity ? "∞" : number(so.relative)])))],
    diff.values.length === 0 ? null : [element("h2", {}, "By tensor"), unfolding(diff.values, 50, (some) =>
      table(["tensor", "elements that differ", "largest |a − b|", "largest |a − b| / |b|", "cosine"],
        some.map(([name, differing, largest, relative, cosine]) =>
          [name, differing === null ? "bits" : count(differing), number(largest), relative === null ? "∞" : number(relative), cosine === null ? "–" : cosine.toFixed(6)])))]);
}

if (data.features) {
  section("features", "Feature maps",
    element("p", { class: "faint" }, data.features.text),
    data.features.note ? element("p", {}, data.features.note) : null,
    element("img", { src: "data:image/png;base64," + data.features.png, alt: data.features.text }));
}

if (data.runs.length > 0) {
  section("history", "Where it came from", data.runs.map((run, place) => [
    element("p", {}, "Run " + (place + 1) + ": " + run.tool + (run.sources.length ? ", from " + run.sources.join(", ") : "")),
    element("ul", {}, run.steps.map((step) => element("li", { class: "mono" }, step)))]));
}

if (data.sharing.length > 0) {
  section("sharing", "Shared storages", unfolding(data.sharing, 50, (some) =>
    table(["tensors", "kind"], some.map(([kind, names]) => [names.join(", "), kind]))));
}

if (data.extras.length > 0) {
  section("extras", "Beside the state dict", unfolding(data.extras, 100, (some) => table(["path", "kind", "value"], some)));
}

document.getElementById("footer").textContent = data.footer;
