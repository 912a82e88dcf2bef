/* SPDX-License-Identifier: GPL-2.0 */
/*
 * page.js - draws every figure of a page from the table that it has in it (chart.h), with Chart.js. Follows light and dark,
 * shows a value at the pointer or by the arrow keys, and prints in light colours. Part of every page with a figure.
 */
"use strict";
(function () {
const root = document.documentElement;
const charts = [];

/* --- values as words --- */

function scaled(value, units, step) {
	let at = 0;
	while (at + 1 < units.length && Math.abs(value) >= step) {
		value /= step;
		at++;
	}
	return Number(value.toPrecision(3)).toLocaleString("en") + (units[at] && " " + units[at]);
}

const words = {
	count: value => scaled(value, ["", "k", "M", "G"], 1000),
	ns: value => scaled(value, ["ns", "us", "ms", "s"], 1000),
	bytes: value => scaled(value, ["B", "KiB", "MiB", "GiB", "TiB"], 1024),
	percent: value => Number(value.toPrecision(3)).toLocaleString("en") + " %",
	ratio: value => Number(value.toPrecision(3)).toLocaleString("en"),
};

function colour(name) {
	return getComputedStyle(root).getPropertyValue("--" + name).trim();
}

function faint(name) {
	return colour(name) + "30"; /* the variables are of six digits */
}

/* --- from the table --- */

function read(figure) {
	const table = figure.querySelector("table");
	const value = cell => cell.dataset.v === undefined ? null : Number(cell.dataset.v);
	return {
		columns: Array.from(table.tHead.rows[0].cells, cell => ({
			title: cell.textContent, colour: cell.dataset.colour || "dim",
			unit: cell.dataset.unit || "count", right: cell.dataset.axis === "right",
			mark: Number(cell.dataset.mark), markWords: cell.dataset.markWords,
		})),
		rows: Array.from(table.tBodies[0].rows, row => ({
			name: row.cells[0].textContent,
			values: Array.from(row.cells, value),
			words: Array.from(row.cells, cell => cell.textContent),
		})),
	};
}

/* --- what Chart.js lacks --- */

/* Where a median is: a line across, with words at its top, one below the other. */
const marks = {
	id: "marks",
	afterDatasetsDraw(chart) {
		const context = chart.ctx, area = chart.chartArea, x = chart.scales.x;
		let line = 0;
		chart.data.datasets.forEach((set, at) => {
			if (!set.mark || !chart.isDatasetVisible(at))
				return;
			const left = x.getPixelForValue(set.mark);
			context.save();
			context.strokeStyle = context.fillStyle = set.borderColor;
			context.setLineDash([5, 3]);
			context.beginPath();
			context.moveTo(left, area.top);
			context.lineTo(left, area.bottom);
			context.stroke();
			context.font = "12px sans-serif";
			const wide = context.measureText(set.markWords).width;
			context.fillText(set.markWords, left + 4 + wide > area.right ? left - 4 - wide : left + 4,
					 area.top + 12 + 14 * line++);
			context.restore();
		});
	},
};

/* An interval: a line from low to high, with its ends; and where there is no difference. */
const whiskers = {
	id: "whiskers",
	beforeDatasetsDraw(chart) {
		const context = chart.ctx, area = chart.chartArea, x = chart.scales.x;
		if (!chart.options.equal)
			return;
		context.save();
		context.strokeStyle = colour("dim");
		context.setLineDash([2, 3]);
		context.beginPath();
		context.moveTo(x.getPixelForValue(chart.options.equal), area.top);
		context.lineTo(x.getPixelForValue(chart.options.equal), area.bottom);
		context.stroke();
		context.restore();
	},
	afterDatasetsDraw(chart) {
		const context = chart.ctx;
		chart.data.datasets.forEach((set, at) => {
			if (!set.ends || !chart.isDatasetVisible(at))
				return;
			const along = set.upright ? chart.scales.y : chart.scales.x;
			chart.getDatasetMeta(at).data.forEach((point, i) => {
				const ends = set.ends[i];
				if (!ends || ends[0] === null || ends[1] === null)
					return;
				const low = along.getPixelForValue(ends[0]), high = along.getPixelForValue(ends[1]);
				const line = set.upright ? [point.x, low, point.x, high] : [low, point.y, high, point.y];
				context.save();
				context.strokeStyle = set.borderColor;
				context.lineWidth = 2;
				context.beginPath();
				context.moveTo(line[0], line[1]);
				context.lineTo(line[2], line[3]);
				for (const end of [low, high]) {
					context.moveTo(set.upright ? point.x - 6 : end, set.upright ? end : point.y - 6);
					context.lineTo(set.upright ? point.x + 6 : end, set.upright ? end : point.y + 6);
				}
				context.stroke();
				context.restore();
			});
		});
	},
};

/* --- the kinds of figures --- */

/* Ticks of a logarithmic axis: 1, 2, 5 of each power of ten; all of them where the range is short. */
function logTick(unit) {
	return function (value) {
		const digit = Number(value.toExponential().split("e")[0]);
		const fine = this.max / this.min < 12;
		return [1, 2, 5].includes(digit) || (fine && Number.isInteger(digit)) ? words[unit](value) : null;
	};
}

function axis(title, unit, log, extra) {
	return Object.assign({
		type: log ? "logarithmic" : "linear",
		title: { display: !!title, text: title, color: colour("dim") },
		ticks: { color: colour("dim"), callback: log ? logTick(unit) : value => words[unit](value),
			 maxRotation: 0, autoSkipPadding: 12 },
		grid: { color: colour("line") },
	}, extra);
}

/* A share of the run time: where an interval has nearly none, it may be many times that. */
function topOf(data, column) {
	const at = data.columns.indexOf(column);
	const most = Math.max(...data.rows.map(row => row.values[at] || 0));
	return column.unit === "percent" && most > 100 ? 100 : undefined;
}

function overX(figure, data) {
	const stack = figure.dataset.kind === "stack";
	const log = figure.dataset.log || "";
	const first = data.columns[0], second = data.columns[1];
	const low = data.rows[0].values[0], high = data.rows[data.rows.length - 1].values[0];
	const scales = {
		x: axis(figure.dataset.x, first.unit, log.includes("x"), { min: low, max: high }),
		y: axis(figure.dataset.y, second.unit, log.includes("y"),
			{ stacked: stack, beginAtZero: true }),
	};
	const right = data.columns.find(column => column.right);
	if (right)
		scales.right = axis(figure.dataset.right, right.unit, false,
				    { position: "right", beginAtZero: true, max: topOf(data, right),
				      grid: { drawOnChartArea: false } });
	if (!stack && second.unit === "percent")
		scales.y.ticks = { display: false }; /* a density: its figures say nothing */
	return {
		type: "line",
		data: { datasets: data.columns.slice(1).map((column, i) => ({
			label: column.title,
			data: data.rows.map(row => ({ x: row.values[0], y: row.values[i + 1],
						      words: row.words[i + 1] })),
			borderColor: colour(column.colour),
			backgroundColor: column.right || stack ? colour(column.colour) : faint(column.colour),
			borderWidth: column.right ? 2 : stack ? 0 : 1.5, pointRadius: 0, pointHitRadius: 6,
			fill: column.right ? false : stack ? (i ? "-1" : "origin") : "origin",
			stepped: !stack && log.includes("x") && second.unit === "percent" ? "middle" : false,
			yAxisID: column.right ? "right" : "y", order: column.right ? 0 : 1,
			stack: column.right ? "right" : "left", spanGaps: false,
			mark: column.mark, markWords: column.markWords,
		})) },
		options: { scales, interaction: { mode: "index", intersect: false } },
		plugins: [marks],
	};
}

function bars(figure, data) {
	return {
		type: "bar",
		data: { labels: data.rows.map(row => row.name),
			datasets: data.columns.slice(1).map((column, i) => ({
				label: column.title,
				data: data.rows.map(row => row.values[i + 1]),
				texts: data.rows.map(row => row.words[i + 1]),
				backgroundColor: colour(column.colour), borderColor: colour(column.colour),
			})) },
		options: { indexAxis: "y", interaction: { mode: "index", axis: "y", intersect: false },
			   scales: { x: axis(figure.dataset.x, data.columns[1].unit,
					     (figure.dataset.log || "").includes("x"), { beginAtZero: true }),
				     y: { ticks: { color: colour("ink"), autoSkip: false }, grid: { display: false } } } },
		plugins: [],
	};
}

function points(figure, data) {
	const log = (figure.dataset.log || "").includes("x");
	const column = data.columns[1];
	const ends = data.rows.map(row => [row.values[2], row.values[3]]);
	const all = ends.flat().concat(data.rows.map(row => row.values[1]), log ? [1] : [0])
		.filter(value => value !== null);
	const low = Math.min(...all), high = Math.max(...all);
	return {
		type: "line",
		data: { labels: data.rows.map(row => row.name),
			datasets: [{
				label: column.title, data: data.rows.map(row => row.values[1]),
				texts: data.rows.map(row => row.words.slice(1).join(", ")), ends,
				showLine: false, pointRadius: 5, pointHoverRadius: 7,
				borderColor: colour(column.colour), backgroundColor: colour(column.colour),
			}] },
		options: { indexAxis: "y", equal: log ? 1 : 0,
			   interaction: { mode: "index", axis: "y", intersect: false },
			   scales: { x: axis(figure.dataset.x, column.unit, log,
					     log ? { min: low / 1.15, max: high * 1.15 } : {}),
				     y: { type: "category", offset: true,
					  ticks: { color: colour("ink"), autoSkip: false },
					  grid: { color: colour("line") } } } },
		plugins: [whiskers],
	};
}

/* Whiskers have to fit in, too. */
function rangeOf(values, log) {
	const known = values.filter(value => value !== null && (!log || value > 0));
	return log ? { min: Math.min(...known) / 1.15, max: Math.max(...known) * 1.15 } :
		     { beginAtZero: true, suggestedMin: Math.min(...known), suggestedMax: Math.max(...known) };
}

/* Every series has three columns: point, low, high. */
function steps(figure, data) {
	const log = (figure.dataset.log || "").includes("y");
	const sets = [], ends = [];
	for (let at = 1; at + 2 < data.columns.length; at += 3) {
		const column = data.columns[at];
		data.rows.forEach(row => ends.push(...row.values.slice(at, at + 3)));
		sets.push({
			label: column.title, data: data.rows.map(row => row.values[at]),
			texts: data.rows.map(row => row.words[at] + " (" + row.words[at + 1] + " to " +
						    row.words[at + 2] + ")"),
			ends: data.rows.map(row => [row.values[at + 1], row.values[at + 2]]), upright: true,
			showLine: figure.dataset.joined === "yes", borderWidth: 1.5,
			pointRadius: 4, pointHoverRadius: 6, pointStyle: at === 1 ? "circle" : "rect",
			borderColor: colour(column.colour), backgroundColor: colour(column.colour),
		});
	}
	return {
		type: "line",
		data: { labels: data.rows.map(row => row.name), datasets: sets },
		options: { interaction: { mode: "index", intersect: false },
			   scales: { x: { type: "category", offset: true, grid: { color: colour("line") },
					  title: { display: !!figure.dataset.x, text: figure.dataset.x, color: colour("dim") },
					  ticks: { color: colour("ink") } },
				     y: axis(figure.dataset.y, data.columns[1].unit, log,
					     rangeOf(ends, log)) } },
		plugins: [whiskers],
	};
}

const kinds = { curves: overX, stack: overX, bars: bars, whiskers: points, steps: steps };

/* --- one figure --- */

function configure(figure, data) {
	const made = kinds[figure.dataset.kind](figure, data);
	const ofX = value => words[data.columns[0].unit](value);
	made.options = Object.assign({
		animation: false, responsive: true, maintainAspectRatio: false,
		plugins: {
			legend: { display: data.columns.length > 2 && figure.dataset.kind !== "whiskers",
				  labels: { color: colour("ink"), boxWidth: 14 } },
			tooltip: {
				callbacks: {
					title: items => items.length && items[0].raw && items[0].raw.words !== undefined ?
						ofX(items[0].parsed.x) : items.length ? items[0].label : "",
					label: item => item.dataset.label + ": " +
						(item.dataset.texts ? item.dataset.texts[item.dataIndex] : item.raw.words),
				},
			},
		},
	}, made.options);
	return made;
}

function canvasOf(figure, data) {
	const box = document.createElement("div"), canvas = document.createElement("canvas");
	const across = figure.dataset.kind === "bars" || figure.dataset.kind === "whiskers";
	box.className = "canvas";
	if (across) /* a row each */
		box.style.height = 5 + data.rows.length * (figure.dataset.kind === "bars" ? 2.6 : 2) + "rem";
	canvas.setAttribute("role", "img");
	canvas.setAttribute("aria-label", figure.querySelector("figcaption").textContent +
		" The arrow keys go from value to value; the table below has them all.");
	canvas.tabIndex = 0;
	box.append(canvas);
	figure.querySelector("figcaption").after(box);
	return canvas;
}

/* The arrow keys go where the pointer would: the words beside it are said aloud. */
function listen(canvas, entry) {
	const said = document.createElement("p");
	said.className = "sr";
	said.setAttribute("aria-live", "polite");
	canvas.parentNode.after(said);
	let at = -1;
	canvas.addEventListener("keydown", event => {
		const last = entry.data.rows.length - 1;
		const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1,
			     Home: 0, End: last, PageDown: at + 10, PageUp: at - 10 }[event.key];
		if (to === undefined)
			return;
		event.preventDefault();
		at = Math.min(Math.max(to, 0), last);
		show(entry.chart, at);
		said.textContent = entry.data.rows[at].words
			.map((text, i) => entry.data.columns[i].title + " " + text).join(", ");
	});
	canvas.addEventListener("blur", () => {
		at = -1;
		show(entry.chart, at);
	});
}

function show(chart, at) {
	const active = at < 0 ? [] : chart.data.datasets.map((set, i) => ({ datasetIndex: i, index: at }))
		.filter(item => chart.isDatasetVisible(item.datasetIndex));
	const first = active.length && chart.getDatasetMeta(active[0].datasetIndex).data[at];
	chart.setActiveElements(active);
	chart.tooltip.setActiveElements(active, first ? { x: first.x, y: first.y } : { x: 0, y: 0 });
	chart.update("none");
}

function draw(entry) {
	if (entry.chart)
		entry.chart.destroy();
	entry.chart = new Chart(entry.canvas, configure(entry.figure, entry.data));
}

function redraw() {
	charts.forEach(draw);
}

Array.from(document.querySelectorAll("figure.chart")).forEach(figure => {
	const data = read(figure);
	if (!data.rows.length)
		return;
	const entry = { figure, data, canvas: canvasOf(figure, data) };
	listen(entry.canvas, entry);
	draw(entry);
	charts.push(entry);
	figure.classList.add("drawn");
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("beforeprint", () => {
	root.classList.add("print");
	redraw();
	charts.forEach(entry => entry.chart.resize(680, entry.canvas.clientHeight));
});
addEventListener("afterprint", () => {
	root.classList.remove("print");
	redraw();
});
})();
