// What the page does by itself: sends what is moved, keeps slider and box alike, finds levers.
(() => {
  "use strict";
  const send = (name, value) => window.Shiny.setInputValue(name, value, { priority: "event" });
  const waiting = new Map();
  const PAUSE = 60; // milliseconds between two messages of a slider that is dragged

  const moved = (box, value) => {
    const key = box.dataset.key;
    const first = !waiting.has(key);
    waiting.set(key, value);
    if (first) {
      setTimeout(() => {
        const last = waiting.get(key);
        waiting.delete(key);
        send("moved", { key, value: last });
      }, PAUSE);
    }
  };
  const twins = (box, type) =>
    document.querySelectorAll(`input[type=${type}][data-key="${box.dataset.key}"]`);

  document.addEventListener("input", (event) => {
    const box = event.target;
    if (box.matches("input[type=range][data-key]")) {
      twins(box, "number").forEach((twin) => { twin.value = box.value; });
      moved(box, box.value);
    } else if (box.matches("[data-search]")) {
      find(box);
    }
  });
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.matches("[data-key]") || box.type === "range") return;
    if (box.type === "checkbox") {
      send("switched", { key: box.dataset.key, value: box.checked ? box.dataset.to : "" });
    } else {
      twins(box, "range").forEach((twin) => { twin.value = box.value; });
      // What no number can be read from is sent as it is not, so that it is refused.
      moved(box, box.validity && box.validity.badInput ? "?" : box.value);
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.lang) send("lang", button.dataset.lang);
    if ("reset" in button.dataset) send("reset", Date.now());
  });

  const find = (box) => {
    const wanted = box.value.trim().toLowerCase();
    let count = 0;
    document.querySelectorAll(".lever").forEach((card) => {
      const fits = !wanted || card.dataset.name.includes(wanted);
      card.hidden = !fits;
      count += fits;
    });
    document.querySelectorAll("details.group").forEach((group) => {
      const any = group.querySelector(".lever:not([hidden])");
      group.hidden = !any;
      if (wanted && any) group.open = true;
    });
    const told = document.querySelector("[data-found]");
    told.textContent = wanted ? told.dataset.found.replace("#", count) : "";
  };

  document.addEventListener("DOMContentLoaded", () => {
    window.Shiny.addCustomMessageHandler("refused", (said) => {
      document.querySelectorAll(".refusal").forEach((place) => {
        const text = said[place.dataset.for] || "";
        if (place.textContent !== text) place.textContent = text;
      });
      document.querySelectorAll("[data-key]").forEach((box) => {
        box.setAttribute("aria-invalid", said[box.dataset.key] ? "true" : "false");
      });
    });
    window.Shiny.addCustomMessageHandler("language", (said) => {
      document.documentElement.lang = said.lang;
      document.title = said.title;
    });
    window.Shiny.addCustomMessageHandler("link", (said) => {
      window.history.replaceState(null, "", `?${said.query}`);
      const show = () => document.querySelectorAll("[data-link]").forEach((box) => {
        box.value = window.location.href;
      });
      show();
      setTimeout(show, 300); // the box may still be on its way
    });
  });
})();
