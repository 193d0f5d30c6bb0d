"use strict";
// Every figure holds its chart as a still picture, which stays where no script runs. Here a view
// that answers the pointer takes its place as soon as it comes near the screen, and the numbers
// behind it are laid out as a table for whoever asks for them.
(() => {
  const options = {
    actions: false,
    defaultStyle: false,
    renderer: "svg",
    tooltip: { theme: "page", disableDefaultStyle: true },
  };

  const rows = (part) => {
    if (part === null || typeof part !== "object") return [];
    const own = part.data && Array.isArray(part.data.values) ? part.data.values : [];
    const longer = (most, other) => (other.length > most.length ? other : most);
    return Object.values(part).map(rows).reduce(longer, own);
  };

  const element = (name, attributes = {}, text = "") => {
    const made = document.createElement(name);
    made.textContent = text; // where the text is null, nothing
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const numbers = (found, title) => {
    const details = element("details", { class: "numbers" });
    details.append(element("summary", {}, "The numbers"));
    details.addEventListener("toggle", () => {
      if (!details.open || details.querySelector("table")) return;
      const label = "Numbers: " + title;
      const region = { class: "scroll", role: "region", tabindex: "0", "aria-label": label };
      const place = element("div", region);
      const table = element("table");
      const names = Object.keys(found[0]);
      const head = element("tr");
      head.append(...names.map((name) => element("th", { scope: "col" }, name)));
      table.append(element("thead"), element("tbody"));
      table.tHead.append(head);
      for (const row of found) {
        const line = element("tr");
        line.append(...names.map((name) => element("td", {}, row[name])));
        table.tBodies[0].append(line);
      }
      place.append(table);
      details.append(place);
    });
    return details;
  };

  const draw = async (figure) => {
    const still = figure.querySelector("svg");
    const title = still.querySelector("title").textContent;
    const text = document.getElementById("spec-" + figure.dataset.chart).textContent;
    const view = element("div", { class: "view", role: "img", "aria-label": title });
    await vegaEmbed(view, JSON.parse(text), options);
    still.replaceWith(view);
    figure.dataset.drawn = "live";
    const found = rows(JSON.parse(text));
    if (found.length) figure.append(numbers(found, title));
  };

  // What does not fit is scrolled by keys too; what fits is no stop on the way.
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  document.querySelectorAll(".drawn").forEach((place) => sizes.observe(place));

  const near = new IntersectionObserver(
    (entries) => {
      for (const entry of entries.filter((one) => one.isIntersecting)) {
        near.unobserve(entry.target);
        draw(entry.target).catch((error) => console.error(entry.target.dataset.chart, error));
      }
    },
    { rootMargin: "300px 0px" },
  );
  document.querySelectorAll("figure[data-chart]").forEach((figure) => near.observe(figure));
})();
