// The shop's page: it lists products, and searches by a product or by a picture of the visitor.
// Its address has the parameters of the query service, so each view is a link: ?id=...&metadata.brand=Nordlicht

const service = new URL(document.querySelector("meta[name=lookalike]").content, location.href);
const PAGE = 24;
const element = (id) => document.getElementById(id);
const { "metadata.brand": brand, "metadata.price.max": price } = element("filters").elements;
const euros = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });
const thumbnail = (id) => new URL(`images/${id}/thumbnail?size=400`, service);
const files = []; // pictures of the visitor; an entry of the history has the index of its picture as its state
let turn = 0; // an answer counts only if no other question was asked meanwhile

/** What the service answers. Throws an Error whose message is a sentence for the visitor. */
async function ask(path, request) {
  const answer = await fetch(new URL(path, service), request).catch(() => {
    throw new Error(`The search service at ${service} does not answer, or it does not allow this page to ask.`);
  });
  if (answer.status === 401) {
    throw new Error("The search service asks for an API key. Let the shop's server add it, not this page.");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.detail ?? `The search service failed with status ${answer.status}.`);
  return body;
}

/** Show what the page's address asks for; with a cursor, the products that follow. */
async function show(cursor = null) {
  const mine = ++turn;
  const params = new URLSearchParams(location.search);
  const [id, file] = [params.get("id"), files[history.state]];
  element("query").hidden = !id && !file;
  element("query").querySelector("img").src = file ? URL.createObjectURL(file) : id ? thumbnail(id) : "data:,";
  element("products").ariaBusy = true;
  const path = id || file ? `search?k=${PAGE}` : `images?sort=random&limit=${PAGE}`;
  if (id || file || cursor) params.set("cursor", cursor ?? "*");
  try {
    const request = file && { method: "POST", body: file };
    const [answer] = await Promise.all([ask(`${path}&${params}`, request), offer()]);
    if (mine === turn) put(answer, cursor);
  } catch (error) {
    if (mine === turn) put({ matches: [], error: error.message });
  }
}

/** Give the filters the choices of the index, and set them as the address says. */
async function offer() {
  if (brand.length === 1) {
    const [brands, prices] = (await ask("facets?fields=brand,price")).facets;
    const options = brands.values.map(({ value, documents }) => new Option(`${value} (${documents})`, value));
    brand.replaceChildren(brand[0], ...options);
    price.max = Math.ceil(prices.greatest / price.step) * price.step;
  }
  const params = new URLSearchParams(location.search);
  brand.value = params.get(brand.name) ?? "";
  price.value = params.get(price.name) ?? price.max;
  price.oninput();
}

/** Put products on the page: `images` of a list, or `matches` of a search. */
function put({ images, matches, total, next, cursor: following, error = "" }, cursor = null) {
  const cards = (images ?? matches).map(card);
  const first = cards[0]?.querySelector("a");
  if (!cursor) element("products").replaceChildren();
  element("products").append(...cards);
  if (cursor) first?.focus();
  element("products").ariaBusy = false;
  element("error").textContent = error;
  element("error").hidden = !error;
  const count = element("products").children.length;
  const found = total ? `${total} posters` : `The ${count} most similar posters`;
  element("status").textContent = error ? "" : count ? found : "No poster meets these filters.";
  element("more").hidden = !(next ?? following);
  element("more").onclick = () => show(next ?? following);
}

function card({ id, metadata }) {
  const item = element("product").content.cloneNode(true);
  const params = new URLSearchParams(location.search);
  params.set("id", id);
  item.querySelector("img").src = thumbnail(id);
  item.querySelector("h2").textContent = metadata.title;
  item.querySelector(".price").textContent = euros.format(metadata.price);
  item.querySelector(".brand").textContent = metadata.brand;
  item.querySelector(".unseen").textContent = ` to ${metadata.title}`;
  item.querySelector("a").href = `?${params}`;
  return item;
}

/** Go to the page's address with one parameter changed, with or without a picture of the visitor. */
function go(name, value, state) {
  const params = new URLSearchParams(location.search);
  value ? params.set(name, value) : params.delete(name);
  history.pushState(state, "", params.size ? `?${params}` : location.pathname);
  show();
}

price.oninput = () => {
  element("price").textContent = price.value === price.max ? "any" : `up to ${euros.format(price.value)}`;
};
price.onchange = () => go(price.name, price.value === price.max ? "" : price.value, history.state);
brand.onchange = () => go(brand.name, brand.value, history.state);
element("file").onchange = ({ target }) => {
  if (target.files.length) go("id", "", files.push(target.files[0]) - 1);
  target.value = "";
};
addEventListener("popstate", () => show());
show();
