// The estimates of notebooks/whatif.py, worked out in the page: sums of features, and intervals.
(function () {
  "use strict";
  const part = document.getElementById("whatif");
  const given = JSON.parse(document.getElementById("whatif-data").textContent);
  const dials = Array.from(part.querySelectorAll("input[type=range]"));
  const shown = Array.from(part.querySelectorAll("[data-cell]"));

  function estimate(cell, moved) {
    let mean = 0;
    for (const [factors, number] of cell.terms) {
      let value = number;
      for (const [dial, below] of factors) value *= below ? Math.min(moved[dial], 0) : moved[dial];
      mean += value;
    }
    let squared = 0;
    for (const [dial, once, by] of cell.widths) {
      if (moved[dial] !== 0) squared += once + by * moved[dial] * moved[dial];
    }
    const half = Math.sqrt(squared);
    return [mean, mean - half, mean + half];
  }

  function rounded(value, decimals) {
    if (decimals >= 0) return Number(value.toFixed(decimals));
    const step = Math.pow(10, -decimals);
    return Math.round(value / step) * step;
  }

  function decimalsOf(value, digits) {
    if (Math.abs(value) < 1e-12) return 0;
    const decimals = digits - 1 - Math.floor(Math.log10(Math.abs(value)));
    const next = Math.pow(10, digits - decimals);
    return rounded(Math.abs(value), decimals) >= next ? decimals - 1 : decimals;
  }

  function signed(values) {
    const largest = Math.max(...values.map(Math.abs));
    const decimals = Math.min(decimalsOf(largest, given.digits), given.most);
    return values.map(function (value) {
      const near = rounded(value, decimals);
      const [whole, rest] = Math.abs(near).toFixed(Math.max(decimals, 0)).split(".");
      const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (rest ? "." + rest : "");
      return (near > 0 ? "+" : near < 0 ? "−" : "") + grouped;
    });
  }

  function told(cell, moved) {
    const [mean, low, high] = estimate(cell, moved);
    if (low === 0 && high === 0) return "0";
    const texts = signed([mean, low, high].map((value) => value * cell.factor));
    const key = !cell.tells ? "cannot" : low > 0 || 0 > high ? "found" : "open";
    return ["mean", "low", "high"].reduce(
      (text, name, place) => text.replace("{" + name + "}", texts[place]),
      given.texts[cell.measure][key]
    );
  }

  function renew() {
    const moved = dials.map((dial) => Number(dial.value) - 1);
    dials.forEach(function (dial) {
      const times = given.times.replace("{times}", Number(dial.value).toFixed(1));
      dial.setAttribute("aria-valuetext", times);
      part.querySelector("output[for=" + dial.id + "]").textContent = times;
    });
    shown.forEach(function (place) {
      place.textContent = told(given.cells[Number(place.dataset.cell)], moved);
    });
  }

  part.querySelector("select").addEventListener("change", function () {
    part.querySelectorAll("[data-outcome]").forEach((body) => {
      body.hidden = body.dataset.outcome !== this.value;
    });
  });
  part.querySelector("button").addEventListener("click", function () {
    dials.forEach((dial) => { dial.value = "1"; });
    renew();
  });
  dials.forEach((dial) => dial.addEventListener("input", renew));
  document.querySelectorAll(".whatif-without").forEach((text) => { text.hidden = true; });
  part.hidden = false;
  renew();
})();
