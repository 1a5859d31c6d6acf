/* SPDX-License-Identifier: MIT */
(function () {
"use strict";

/*
 * What makes a page of `git model report` handy: tables that sort, and charts
 * out of the JSON beside them. Without it every number still stands there.
 * Text from the data is only ever set as text.
 */
var root = document.documentElement;
var motion = window.matchMedia("(prefers-reduced-motion: reduce)");
var dark = window.matchMedia("(prefers-color-scheme: dark)");
var DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];
var COLORS = 8;

root.classList.add("js");

function each(selector, within, fn) {
	Array.prototype.forEach.call(within.querySelectorAll(selector), fn);
}

function make(tag, className, text) {
	var e = document.createElement(tag);

	if (className)
		e.className = className;
	if (text)
		e.textContent = text;
	return e;
}

/* -- tables -- */

var said = make("p", "sr");
said.setAttribute("aria-live", "polite");
document.body.appendChild(said);

function key(row, column) {
	var cell = row.cells[column];

	return cell ? cell.getAttribute("data-v") || cell.textContent : "";
}

/* What is no number comes last, whichever way. */
function compare(a, b, number, sign) {
	var x = parseFloat(a), y = parseFloat(b);

	if (!number)
		return sign * a.localeCompare(b, "en", { numeric: true });
	if (isNaN(x) || isNaN(y))
		return (isNaN(x) ? 1 : 0) - (isNaN(y) ? 1 : 0);
	return sign * (x - y || 0);
}

function sort(table, th) {
	var number = th.getAttribute("data-sort") === "number";
	var first = th.getAttribute("data-first") || "ascending";
	var other = first === "ascending" ? "descending" : "ascending";
	var to = th.getAttribute("aria-sort") === first ? other : first;
	var sign = to === "ascending" ? 1 : -1;
	var body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows);

	rows.map(function (row, i) {
		return { row: row, i: i, key: key(row, th.cellIndex) };
	}).sort(function (a, b) {
		return compare(a.key, b.key, number, sign) || a.i - b.i;
	}).forEach(function (entry) {
		body.appendChild(entry.row);
	});
	each("th[aria-sort]", table.tHead, function (h) {
		h.setAttribute("aria-sort", h === th ? to : "none");
	});
	said.textContent = "sorted by " + th.textContent + ", " + to;
}

function sortable(table) {
	each("th[data-sort]", table.tHead, function (th) {
		var button = make("button", "sort");

		button.type = "button";
		while (th.firstChild)
			button.appendChild(th.firstChild);
		th.appendChild(button);
		th.setAttribute("aria-sort", "none");
		button.addEventListener("click", function () {
			sort(table, th);
		});
	});
}

function filterable(table) {
	var label = make("label", "filter", "Filter"), input = make("input");
	var place = table.closest(".scroll") || table;

	if (table.tBodies[0].rows.length < 12)
		return;
	input.type = "search";
	label.appendChild(input);
	place.parentNode.insertBefore(label, place);
	input.addEventListener("input", function () {
		var wanted = input.value.toLowerCase(), shown = 0;

		each("tbody tr", table, function (row) {
			row.hidden = row.textContent.toLowerCase()
				.indexOf(wanted) < 0;
			shown += row.hidden ? 0 : 1;
		});
		said.textContent = shown + " rows";
	});
}

/* Only what really scrolls is a stop for the tab key. */
function scrollers() {
	each(".scroll, .wide figure", document, function (e) {
		if (e.scrollWidth > e.clientWidth ||
		    e.scrollHeight > e.clientHeight)
			e.tabIndex = 0;
		else
			e.removeAttribute("tabindex");
	});
}

each("table.sortable", document, sortable);
each("table.sortable", document, filterable);
scrollers();
window.addEventListener("resize", scrollers);
each("details", document, function (e) {
	e.addEventListener("toggle", scrollers);
});

/* -- charts -- */

function color(name) {
	return getComputedStyle(root).getPropertyValue("--" + name).trim();
}

function number(v) {
	return v === null || v === undefined ? "" :
		String(Number(v.toPrecision(6)));
}

function font(size) {
	return { family: getComputedStyle(document.body).fontFamily,
		size: size };
}

function scale(title, more) {
	return Object.assign({
		title: { display: !!title, text: title, color: color("dim"),
			font: font(12) },
		ticks: { color: color("dim"), font: font(12), maxTicksLimit: 7,
			maxRotation: 45 },
		grid: { color: color("line"), borderColor: color("line"),
			tickLength: 4 }
	}, more);
}

function tooltip(callbacks) {
	return { backgroundColor: color("text"), titleColor: color("bg"),
		bodyColor: color("bg"), titleFont: font(12), bodyFont: font(12),
		padding: 8, cornerRadius: 6, displayColors: false,
		callbacks: callbacks };
}

function options(scales, callbacks, interaction) {
	return {
		animation: motion.matches ? false : { duration: 250 },
		responsive: true, maintainAspectRatio: false, scales: scales,
		interaction: interaction,
		plugins: { legend: { display: false },
			tooltip: tooltip(callbacks) }
	};
}

function curves(spec) {
	var x = scale(spec.x, { type: "linear" });

	x.ticks.callback = number;
	return {
		type: "line",
		data: { datasets: spec.lines.map(function (line, i) {
			var c = color("c" + i % COLORS);

			return {
				label: line.label, borderColor: c,
				backgroundColor: c, borderWidth: 1.75,
				borderDash: DASHES[(i / COLORS + i) % 4 | 0],
				pointRadius: line.points.length < 3 ? 3 : 0,
				pointHoverRadius: 4, pointHitRadius: 8,
				data: line.points.map(function (p) {
					return { x: p[0], y: p[1] };
				})
			};
		}) },
		options: options({ x: x, y: scale("", {}) }, {
			title: function (items) {
				return spec.x + " " + number(items[0].parsed.x);
			},
			label: function (item) {
				return item.dataset.label + ": " +
					number(item.parsed.y);
			}
		}, { mode: "nearest", axis: "x", intersect: false })
	};
}

function versions(spec) {
	return {
		type: "line",
		data: { labels: spec.labels, datasets: [{
			label: spec.y, data: spec.values,
			borderColor: color("c0"), backgroundColor: color("c0"),
			borderWidth: 1.75, pointRadius: 3.5,
			pointHoverRadius: 5, spanGaps: true
		}] },
		options: options({
			x: scale("", { offset: true, type: "category" }),
			y: scale(spec.y, { grace: "8%" })
		}, {
			label: function (item) {
				return spec.texts[item.dataIndex];
			}
		}, { mode: "nearest", axis: "x", intersect: false })
	};
}

/* Both between 0 and 1; the better, the nearer to `to`. */
function mix(from, to, part) {
	function rgb(c) {
		return [1, 3, 5].map(function (i) {
			return parseInt(c.substr(i, 2), 16);
		});
	}
	var a = rgb(from), b = rgb(to);

	return "rgb(" + a.map(function (v, i) {
		return Math.round(v + (b[i] - v) * part);
	}).join(",") + ")";
}

function clip(text) {
	return text.length > 18 ? text.slice(0, 17) + "\u2026" : text;
}

function parallel(spec) {
	var names = spec.axes.map(function (a) { return a.name; });
	var top = scale("", { position: "top", type: "category",
		labels: names, grid: { display: false, drawBorder: false } });
	var bottom = scale("", { type: "category", labels: names });

	top.ticks.callback = function (v, i) {
		return [clip(spec.axes[i].name), clip(spec.axes[i].high)];
	};
	top.ticks.color = color("text");
	bottom.ticks.callback = function (v, i) {
		return clip(spec.axes[i].low);
	};
	top.ticks.autoSkip = bottom.ticks.autoSkip = false;
	top.ticks.maxRotation = bottom.ticks.maxRotation = 0;
	bottom.grid.color = color("edge");
	return {
		type: "line",
		data: { labels: names, datasets: spec.rows.map(function (row) {
			var c = row.tone === null ? color("c0") :
				mix(color("fade"), color("c0"), row.tone);

			return {
				label: row.label, data: row.at, borderColor: c,
				backgroundColor: c, tension: 0, xAxisID: "x",
				borderWidth: row.tone === 1 ? 3 : 1.75,
				hoverBorderColor: color("c1"),
				pointHoverBackgroundColor: color("c1"),
				pointRadius: 2.5, hoverBorderWidth: 3.5,
				order: row.tone === null ? 0 : 1 - row.tone
			};
		}) },
		options: options({
			x: bottom, top: top,
			y: { min: -.04, max: 1.04, display: false }
		}, {
			title: function (items) {
				return items[0].dataset.label;
			},
			label: function (item) {
				var row = spec.rows[item.datasetIndex];

				return spec.axes.map(function (a, i) {
					return a.name + ": " + row.text[i];
				});
			}
		}, { mode: "nearest", axis: "xy", intersect: false })
	};
}

var kinds = { curves: curves, versions: versions, parallel: parallel };

function draw() {
	each("figure[data-chart]", document, function (figure) {
		var canvas = figure.querySelector("canvas");
		var data = figure.querySelector("script");
		var kind = figure.getAttribute("data-chart");
		var old = Chart.getChart(canvas);

		if (old)
			old.destroy();
		new Chart(canvas, kinds[kind](JSON.parse(data.textContent)));
	});
}

if (window.Chart) {
	draw();
	dark.addEventListener("change", draw);
	motion.addEventListener("change", draw);
}
})();
