// One post, drawn from data. Everything that people wrote goes in as text, never as HTML.

const ICONS = {
  reply: "M20 11.500c0 4-3.6 7-8 7-1 0-2-.2-2.9-.4L4 20l1.5-3.700A6.6 6.6 0 0 1 4 11.500c0-4 3.6-7 8-7s8 3 8 7z",
  boost: "M6.5 9.5 4 7l2.5-2.500M4 7h11a3 3 0 0 1 3 3v2M17.5 14.5 20 17l-2.5 2.500M20 17H9a3 3 0 0 1-3-3v-2",
  like: "M12 19.500S4.5 15 4.5 9.400A3.9 3.9 0 0 1 8.4 5.500c1.6 0 2.9.9 3.6 2.2.7-1.3 2-2.2 3.6-2.200a3.9 3.9 0 0 1 3.9 3.900C19.5 15 12 19.5 12 19.500z",
  star: "m12 4.5 2.3 4.7 5.2.8-3.7 3.6.9 5.1-4.7-2.4-4.7 2.4.9-5.100L4.5 10l5.2-.8z",
  quote: "M9 7.500c-2.5 1-4 3-4 6V17h5v-4.500H7.500M18.5 7.500c-2.5 1-4 3-4 6V17h5v-4.500H17",
  share: "M12 15V4.500M8 8l4-4 4 4M5.5 13v4.500a2 2 0 0 0 2 2h9a2 2 0 0 0 2-2V13",
  save: "M7 4.500h10v15l-5-3.8-5 3.800z",
  views: "M5 19v-7M12 19V5M19 19v-10",
  columns: "M4.5 5.500h4v13h-4zM10 5.500h4v13h-4zM15.5 5.500h4v13h-4z",
  globe: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM4 12h16M12 4c2.5 2.3 3.5 5 3.5 8s-1 5.7-3.5 8c-2.5-2.3-3.5-5-3.5-8S9.5 6.3 12 4z",
  lock: "M7 11h10v8.500H7zM9 11V8.500a3 3 0 0 1 6 0V11",
  sun: "M12 8.500a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM12 3v2.500M12 18.500V21M3 12h2.500M18.5 12H21M5.6 5.600l1.8 1.800M16.6 16.600l1.8 1.800M18.4 5.600l-1.8 1.800M7.4 16.600l-1.8 1.8",
  moon: "M19.5 14.500A8 8 0 0 1 9.5 4.500a8 8 0 1 0 10 10z",
  file: "M7 4h7l4 4v12H7zM14 4v4h4",
  warning: "M12 5 3.5 19.500h17zM12 10.500v4M12 17v.2",
};
const SVG = "http://www.w3.org/2000/svg";

/** A node with attributes and children; strings become text. */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function drawing(path, kind) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", kind);
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const icon = (name) => drawing(ICONS[name] ?? ICONS.share, "icon");

/** The shape by which a network is known. */
export const mark = (look) => drawing(look.mark, "mark");

export function relativeTime(then, now) {
  const seconds = Math.max(0, (new Date(now) - new Date(then)) / 1000);
  if (seconds < 5) return "now";
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h`;
  if (seconds < 7 * 86400) return `${Math.floor(seconds / 86400)}d`;
  return new Date(then).toLocaleDateString([], { dateStyle: "medium" });
}

/** Text with its links, mentions and tags; spans are counted in UTF-8 bytes. */
function text(item, look) {
  const bytes = new TextEncoder().encode(item.text);
  const cut = (start, end) => new TextDecoder().decode(bytes.slice(start, end));
  const nodes = [];
  let at = 0;
  for (const span of [...item.spans].sort((a, b) => a.start - b.start)) {
    if (span.start < at || span.end > bytes.length) continue;
    nodes.push(cut(at, span.start), marked(span, cut(span.start, span.end), look));
    at = span.end;
  }
  nodes.push(cut(at, bytes.length));
  return element("div", { class: "text", dir: "auto", lang: item.languages[0] }, ...nodes.filter((node) => node !== ""));
}

function marked(span, shown, look) {
  const safe = span.kind === "link" && /^https?:\/\//.test(span.target ?? "");
  const short = safe && look.layout === "stream" ? shown.replace(/^https?:\/\/(www\.)?/, "") : shown;
  const label = short.length > 44 && safe ? `${short.slice(0, 43)}…` : short;
  return safe
    ? element("a", { class: "link", href: span.target, target: "_blank", rel: "noreferrer noopener", title: span.target }, label)
    : element("span", { class: span.kind }, label);
}

function media(item) {
  if (!item.media.length) return null;
  const grid = element("div", { class: `media media-${Math.min(item.media.length, 5)}` }, ...item.media.map(medium));
  if (item.sensitive) {
    grid.classList.add("hidden");
    const show = element("button", { type: "button", class: "reveal" }, "Sensitive content — show");
    show.addEventListener("click", () => { grid.classList.remove("hidden"); show.remove(); });
    grid.append(show);
  }
  return grid;
}

function medium(each) {
  const alt = each.alt_text ?? "";
  const size = each.width && each.height ? { width: each.width, height: each.height } : {};
  const source = { src: each.url };
  let shown;
  if (each.kind === "video") shown = element("video", { ...source, controls: true, preload: "metadata", playsinline: true, "aria-label": alt });
  else if (each.kind === "audio") shown = element("audio", { ...source, controls: true, preload: "metadata", "aria-label": alt });
  else if (each.kind === "document") shown = element("a", { href: each.url, class: "document", download: true }, icon("file"), `${each.content_type} · ${bytes(each.size)}`);
  else shown = element("a", { href: each.url, target: "_blank", class: "picture" }, element("img", { ...source, ...size, alt, loading: "lazy" }));
  const frame = element("figure", { class: each.kind }, shown);
  const badges = element("div", { class: "badges" });
  if (each.kind === "gif") badges.append(element("span", { class: "badge" }, "GIF"));
  if (alt) {
    const badge = element("button", { type: "button", class: "badge", title: alt, "aria-expanded": "false" }, "ALT");
    const caption = element("figcaption", { hidden: true }, alt);
    badge.addEventListener("click", () => {
      caption.hidden = !caption.hidden;
      badge.setAttribute("aria-expanded", String(!caption.hidden));
    });
    frame.append(caption);
    badges.append(badge);
  }
  if (badges.childElementCount) frame.append(badges);
  return frame;
}

const bytes = (size) => (size < 1e6 ? `${Math.ceil(size / 1000)} kB` : `${(size / 1e6).toFixed(1)} MB`);

function poll(item) {
  if (!item.poll) return null;
  const votes = item.poll.options.reduce((sum, [, count]) => sum + count, 0);
  const bars = item.poll.options.map(([answer, count]) => {
    const percent = votes ? Math.round((100 * count) / votes) : 0;
    const bar = element("li", {}, element("span", { class: "answer", dir: "auto" }, answer), element("span", { class: "percent" }, `${percent}%`));
    bar.style.setProperty("--part", `${percent}%`);
    return bar;
  });
  const ends = new Date(item.poll.ends_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const foot = `${votes} ${votes === 1 ? "vote" : "votes"} · ${item.poll.multiple ? "several answers · " : ""}until ${ends}`;
  return element("div", { class: "poll" }, element("ul", {}, ...bars), element("p", {}, foot));
}

function card(item) {
  if (!item.card) return null;
  const link = /^https?:\/\//.test(item.card.url) ? item.card.url : null;
  const host = link ? new URL(link).hostname : item.card.url;
  const picture = item.card.image ? element("img", { src: item.card.image, alt: "", loading: "lazy" }) : null;
  return element("a", { class: "card", href: link, target: "_blank", rel: "noreferrer noopener" }, picture,
    element("span", { class: "about" },
      element("span", { class: "host" }, icon("globe"), host),
      element("b", { dir: "auto" }, item.card.title),
      element("span", { class: "description", dir: "auto" }, item.card.description)));
}

function quoted(item, look) {
  if (!item) return null;
  return element("blockquote", {},
    element("header", {}, avatar(item), element("b", {}, item.account_name), element("span", {}, look.handle_prefix + item.account)),
    text(item, look));
}

function avatar(item) {
  const name = `/_avatar/${encodeURIComponent(item.platform)}/${encodeURIComponent(item.account)}`;
  return element("img", { class: "avatar", src: name, alt: "", width: 44, height: 44 });
}

function head(item, look) {
  const closed = item.visibility === "private" || item.visibility === "direct";
  const sight = item.visibility && item.visibility !== "public"
    ? element("span", { class: "sight", title: item.visibility }, closed ? icon("lock") : null, item.visibility) : null;
  return element("header", {},
    element("span", { class: "names" },
      element("b", { dir: "auto" }, item.account_name),
      element("span", { class: "handle" }, look.handle_prefix + item.account)),
    sight,
    item.edited_at ? element("span", { class: "sight" }, "edited") : null,
    element("a", { class: "when", href: `#${new URLSearchParams({ network: item.platform, post: item.id })}` },
      element("time", { datetime: item.created_at, title: new Date(item.created_at).toLocaleString() })));
}

function actions(look) {
  const bar = element("footer", { "aria-hidden": "true" });
  bar.append(...look.actions.map((name) => element("span", { class: `action ${name}` }, icon(name))));
  return bar;
}

/** The part that a content warning hides. */
function body(item, look, place) {
  const parts = [
    item.title ? element("h3", { dir: "auto" }, item.title) : null,
    item.text ? text(item, look) : null,
    media(item), poll(item), card(item), quoted(place.quoted, look),
  ];
  if (!item.warning) return parts;
  return [element("details", { class: "warned" },
    element("summary", {}, icon("warning"), element("span", { dir: "auto" }, item.warning)), ...parts.filter(Boolean))];
}

/** A whole post. `place` says where in its thread it stands. */
export function post(item, look, place) {
  const classes = ["post", place.alone ? "" : "threaded", place.first ? "first" : "", place.last ? "last" : ""];
  const inside = element("div", { class: "inside" }, head(item, look), ...body(item, look, place).filter(Boolean), actions(look));
  const node = element("article", { class: classes.filter(Boolean).join(" "), "data-post": item.id }, avatar(item), inside);
  return node;
}
