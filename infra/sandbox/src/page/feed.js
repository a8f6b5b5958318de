// The deck: one column per network, kept up to date without losing a playing video or the reader's place.

import { element, icon, mark, post, relativeTime } from "./post.js";

const REFRESH_MS = 1500;
const deck = document.getElementById("deck");
const tabs = document.getElementById("tabs");
const clock = document.getElementById("clock");
const offline = document.getElementById("offline");
const themeButton = document.getElementById("theme");

let feed = null;
let drawn = new Map();
let highlighted = null;

/** `#network=mastodon&post=1` as an object. */
const place = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  themeButton.replaceChildren(icon(theme === "dark" ? "sun" : "moon"));
}

function startTheme() {
  const wanted = place().theme ?? localStorage.getItem("theme");
  setTheme(wanted ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
  themeButton.addEventListener("click", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", next);
    setTheme(next);
  });
}

function drawTabs(networks) {
  const chosen = place().network ?? "";
  const tab = (id, name, picture) => {
    const link = element("a", { href: id ? `#network=${id}` : "#", class: "tab" }, picture, element("span", {}, name));
    if (id === chosen) link.setAttribute("aria-current", "page");
    return link;
  };
  const all = tab("", "All", icon("columns"));
  tabs.replaceChildren(all, ...networks.map((look) => {
    const link = tab(look.id, look.name, mark(look));
    paint(link, look);
    return link;
  }));
}

function paint(node, look) {
  node.style.setProperty("--accent-light", look.accent);
  node.style.setProperty("--accent-dark", look.accent_dark);
}

/** The posts of a network as threads: newest thread first, each in the order in which it was written. */
function threads(posts) {
  const byId = new Map(posts.map((item) => [item.id, item]));
  const groups = new Map();
  for (const item of posts) {
    let root = item;
    while (root.parent && byId.has(root.parent)) root = byId.get(root.parent);
    if (!groups.has(root.id)) groups.set(root.id, []);
    groups.get(root.id).push(item);
  }
  return [...groups.values()].map((group) => group.sort((a, b) => (a.created_at < b.created_at ? -1 : 1)));
}

function column(look) {
  const count = element("span", { class: "count" });
  const list = element("div", { class: "list" });
  const node = element("section", { class: `column layout-${look.layout} avatar-${look.avatar}`, "aria-label": look.name },
    element("header", {}, mark(look), element("h2", {}, look.name), count), list);
  node.dataset.network = look.id;
  paint(node, look);
  return { node, list, count };
}

function drawDeck() {
  const chosen = place().network;
  const looks = feed.networks.filter((look) => !chosen || look.id === chosen);
  const shown = looks.map((look) => look.id).join(" ");
  if (deck.dataset.shown !== shown) {
    deck.dataset.shown = shown;
    drawn = new Map(looks.map((look) => [look.id, { ...column(look), cards: new Map() }]));
    deck.replaceChildren(...[...drawn.values()].map((each) => each.node));
    deck.classList.toggle("single", looks.length === 1);
  }
  for (const look of looks) drawColumn(look, drawn.get(look.id));
}

function drawColumn(look, each) {
  const posts = feed.posts.filter((item) => item.platform === look.id);
  each.count.textContent = posts.length || "";
  if (!posts.length) {
    each.cards.clear();
    each.list.replaceChildren(element("div", { class: "empty" }, mark(look),
      element("p", {}, `Nothing on ${look.name} yet.`), element("p", {}, "What is published appears here by itself.")));
    return;
  }
  const byId = new Map(posts.map((item) => [item.id, item]));
  const kept = new Map();
  const nodes = threads(posts).map((group) => {
    const cards = group.map((item, at) => {
      const quoted = item.quote ? byId.get(item.quote) : null;
      const place = { first: at === 0, last: at === group.length - 1, alone: group.length === 1 };
      const key = JSON.stringify([item, place, quoted?.text]);
      const before = each.cards.get(item.id);
      const card = before?.key === key ? before.card : post(item, look, { ...place, quoted });
      kept.set(item.id, { key, card });
      return card;
    });
    return element("div", { class: "thread" }, ...cards);
  });
  each.cards = kept;
  // Moving a node that plays would stop it, so the threads change places only when something changed.
  const signature = [...kept.values()].map((entry) => entry.key).join();
  if (each.signature !== signature) {
    each.signature = signature;
    each.list.replaceChildren(...nodes);
  }
}

function tell() {
  clock.textContent = new Date(feed.now).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
  for (const time of document.querySelectorAll("time[datetime]")) {
    time.textContent = relativeTime(time.dateTime, feed.now);
  }
}

function highlight() {
  const wanted = place().post;
  if (!wanted || highlighted === wanted) return;
  const card = deck.querySelector(`[data-post="${CSS.escape(wanted)}"]`);
  if (!card) return;
  highlighted = wanted;
  card.classList.add("wanted");
  card.scrollIntoView({ block: "center" });
}

async function refresh() {
  try {
    const answer = await fetch("/_page/feed");
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const fresh = await answer.json();
    const same = feed && fresh.version === feed.version && fresh.posts.length === feed.posts.length;
    feed = fresh;
    if (!same) {
      if (!tabs.childElementCount) drawTabs(feed.networks);
      drawDeck();
      highlight();
    }
    tell();
    offline.hidden = true;
  } catch (problem) {
    console.warn("the feed could not be read", problem);
    offline.hidden = false;
  }
}

async function keepFresh() {
  await refresh();
  setTimeout(keepFresh, REFRESH_MS);
}

addEventListener("hashchange", () => {
  if (!feed) return;
  highlighted = null;
  drawTabs(feed.networks);
  drawDeck();
  tell();
  highlight();
});
startTheme();
keepFresh();
