#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='pages of git model report in a browser'

. ./lib-test.sh
. "$TEST_DIR/lib-look.sh"
. "$TEST_DIR/lib-browser.sh"

skip_all=$(browser_missing)
test -z "$skip_all" || test_done

hostile='</script><script>window.__pwned=1</script>"><img src=x onerror=window.__pwned=1>'

test_expect_success 'set up: versions, curves, and hostile names' '
	git init -q repo &&
	(cd repo && git model install --local && git model track "*.st") &&
	mkdir repo/.gitmodel repo/models &&
	cat >repo/.gitmodel/config <<-EOC &&
	[artifact "fraud"]
	path = models/fraud.st
	type = model
	description = Finds fraud $hostile
	[artifact "churn"]
	path = models/churn.st
	[metric "auc"]
	direction = up
	precision = 3
	[metric "latency"]
	direction = down
	unit = ms
	EOC
	mv-test safetensors repo/models/churn.st f32 100k 77 >/dev/null &&
	n=0 &&
	for facts in "0.9,12,0.1" "0.93,11,0.03" "0.91,9.5,0.01" "0.95,10,0.001"
	do
		n=$((n + 1)) &&
		test_tick &&
		mv-test safetensors repo/models/fraud.st f32 200k $n >/dev/null &&
		git -C repo add . &&
		git -C repo commit -q -m "number $n $hostile" &&
		git -C repo tag -a -m v fraud@v1.$n.0 &&
		awk -v n=$n "BEGIN { print \"step,loss,val_loss\"
			for (i = 1; i <= 300; i++)
				print i \",\" exp(-i / 60) + n / 20 \",\" \
					exp(-i / 70) + n / 18 }" >curves.csv &&
		(
			IFS=, && set -- $facts && cd repo &&
			git model record fraud --metric auc=$1 \
				--metric latency=$2 --param lr=$3 \
				--param "note=$hostile $n" \
				--metric "$(printf "%s\342\200\256" \
				"${hostile%%=*}")=$n" \
				--metrics-file ../curves.csv
		) || return 1
	done &&
	git -C repo tag -a -m p "fraud#production#1" &&
	(cd repo && git model report --tensors --html ../site HEAD~1 HEAD) &&
	(cd repo && git model plot --html fraud >../plot.html)
'

# What holds for every page.
sound () {
	console_is_silent &&
	nothing_left &&
	js_is "typeof window.__pwned" '"undefined"' &&
	js_is "document.querySelectorAll('img').length" 0 &&
	js_is "Array.from(document.querySelectorAll('table')).every(
		t => t.caption && t.caption.textContent.length > 0)" true &&
	js_is "Array.from(document.querySelectorAll('thead th')).every(
		t => t.scope === 'col')" true &&
	js_is "document.querySelectorAll('main').length" 1 &&
	js_is "document.querySelectorAll('h1').length" 1 &&
	js_is "Array.from(document.querySelectorAll('canvas')).every(
		c => c.getAttribute('role') === 'img' &&
		c.getAttribute('aria-label').length > 20 &&
		c.closest('figure').querySelector('details table'))" true &&
	js_is "document.documentElement.scrollWidth <= innerWidth" true
}

# In each canvas something has been drawn.
drawn='Array.from(document.querySelectorAll("canvas")).every(function (c) {
	var copy = document.createElement("canvas"), n = 0, d;
	copy.width = c.width;
	copy.height = c.height;
	copy = copy.getContext("2d", { willReadFrequently: true });
	copy.drawImage(c, 0, 0);
	d = copy.getImageData(0, 0, c.width, c.height).data;
	for (var i = 3; i < d.length; i += 4)
		n += d[i] > 0;
	return n > 500;
})'

browser_start || {
	cat "$TRASH/chromedriver.log" "$TRASH/wd.json" 2>/dev/null | sed 's/^/# /'
	echo "Bail out! the browser does not start"
	exit 1
}
trap browser_stop EXIT

test_expect_success 'the overview, light' '
	size 1200 900 && media light &&
	browser_open "$PWD/site/index.html" &&
	sound &&
	js_is "getComputedStyle(document.body).backgroundColor" \
		"\"rgb(255, 255, 255)\"" &&
	js_is "document.querySelectorAll(\"canvas\").length" 0 &&
	screen index-light
'

# The first column of the overview's table, from top to bottom.
column='Array.from(document.querySelector("table").tBodies[0].rows).map(
	r => r.cells[0].textContent).join()'

test_expect_success 'a click on a heading sorts, and says so' '
	js_is "$column" "\"fraud,churn\"" &&
	js_is "document.querySelector(\"th\").getAttribute(\"aria-sort\")" \
		"\"none\"" &&
	wd POST /element "{\"using\":\"css selector\",\"value\":\"th button\"}" \
		>element &&
	id=$(sed "s/.*:\"\\(.*\\)\"}/\\1/" element) &&
	wd POST /element/$id/click "{}" &&
	js_is "$column" "\"churn,fraud\"" &&
	js_is "document.querySelector(\"th\").getAttribute(\"aria-sort\")" \
		"\"ascending\"" &&
	js_is "document.querySelector(\"[aria-live]\").textContent" \
		"\"sorted by Artifact, ascending\""
'

test_expect_success 'the keyboard reaches everything, and Enter sorts' '
	size 600 900 &&
	browser_open "$PWD/site/index.html" &&
	keys "\\ue004" &&
	js_is "document.activeElement.textContent" "\"Skip to content\"" &&
	js_is "document.activeElement.getBoundingClientRect().top >= 0" true &&
	keys "\\ue004" &&
	js_is "document.activeElement.textContent" "\"Overview\"" &&
	keys "\\ue004" &&
	js_is "document.activeElement.getAttribute(\"href\")" \
		"\"compare.html\"" &&
	keys "\\ue004" &&
	js_is "document.activeElement.closest(\".note\") !== null" true &&
	keys "\\ue004" &&
	js_is "document.activeElement.getAttribute(\"role\")" "\"region\"" &&
	keys "\\ue004" &&
	js_is "document.activeElement.textContent" "\"Artifact\"" &&
	js_is "getComputedStyle(document.activeElement).outlineStyle" \
		"\"solid\"" &&
	keys "\\ue007" &&
	js_is "$column" "\"churn,fraud\"" &&
	keys "\\ue007" &&
	js_is "$column" "\"fraud,churn\"" &&
	js_is "document.activeElement.parentNode.getAttribute(\"aria-sort\")" \
		"\"descending\"" &&
	size 1200 900
'

test_expect_success 'an artifact: charts are drawn, names are text' '
	browser_open "$PWD/site/artifact-1-fraud.html" &&
	sound &&
	js_is "document.querySelectorAll(\"canvas\").length" 8 &&
	js_is "$drawn" true &&
	js_is "document.body.textContent.includes(\"<img src=x onerror\")" \
		true &&
	js_is "document.body.textContent.includes(\"\\u202e\")" false &&
	screen artifact-light
'

test_expect_success 'numbers sort as numbers, and the best comes first' '
	js "document.querySelectorAll(\"#versions ~ * table\")[0]
		.querySelectorAll(\"th button\")[2].click()" &&
	js_is "Array.from(document.querySelectorAll(\"#versions ~ * table\")[0]
		.tBodies[0].rows).map(r => r.cells[0].textContent).join()" \
		"\"v1.4.0 (HEAD),v1.2.0,v1.3.0,v1.1.0\"" &&
	js_is "document.querySelectorAll(\"#versions ~ * th[aria-sort=descending]\")
		.length" 1 &&
	js "document.querySelectorAll(\"#versions ~ * table\")[0]
		.querySelectorAll(\"th button\")[3].click()" &&
	js_is "Array.from(document.querySelectorAll(\"#versions ~ * table\")[0]
		.tBodies[0].rows).map(r => r.cells[0].textContent).join()" \
		"\"v1.3.0,v1.4.0 (HEAD),v1.2.0,v1.1.0\"" &&
	js_is "document.querySelectorAll(\"#versions ~ * th[aria-sort=descending]\")
		.length" 0
'

test_expect_success 'a tooltip has the real values, not those of the picture' '
	js "scrollTo(0, document.body.scrollHeight)" &&
	js "window.chart = Chart.getChart(document.querySelector(
		\"[data-chart=parallel] canvas\")), chart.tooltip.setActiveElements(
		[{ datasetIndex: 0, index: 0 }], { x: 0, y: 0 }), chart.update(),
		0" &&
	js "chart.tooltip.body.map(b => b.lines.join(\"|\")).join(\"|\")" >tip &&
	test_grep "lr: 0.001|" tip &&
	test_grep "auc: 0.950" tip &&
	test_grep "img src=x onerror" tip
'

test_expect_success 'dark: another ground, and the charts are drawn anew' '
	js "window.ink = Chart.getChart(document.querySelector(\"canvas\"))
		.options.scales.x.ticks.color" >light &&
	media dark &&
	js_is "getComputedStyle(document.body).backgroundColor" \
		"\"rgb(13, 17, 23)\"" &&
	js "Chart.getChart(document.querySelector(\"canvas\"))
		.options.scales.x.ticks.color" >dark &&
	! cmp light dark &&
	js_is "$drawn" true &&
	js "scrollTo(0, 0)" && screen artifact-dark &&
	js "scrollTo(0, document.body.scrollHeight)" && screen artifact-end-dark &&
	browser_open "$PWD/site/compare.html" && sound && screen compare-dark
'

test_expect_success 'motion only for who wants it' '
	browser_open "$PWD/site/artifact-1-fraud.html" &&
	js_is "Chart.getChart(document.querySelector(\"canvas\"))
		.options.animation" false &&
	js_is "getComputedStyle(document.querySelector(\".skip\"))
		.transitionDuration" "\"0s\"" &&
	media light no-preference &&
	js_is "Chart.getChart(document.querySelector(\"canvas\"))
		.options.animation.duration" 250
'

test_expect_success '400 columns of pixels are enough' '
	size 400 900 && media light &&
	for page in index artifact-1-fraud compare
	do
		browser_open "$PWD/site/$page.html" &&
		sound &&
		screen $page-narrow || return 1
	done &&
	js_is "Array.from(document.querySelectorAll(\".scroll\")).every(
		e => e.scrollWidth <= e.clientWidth || e.tabIndex === 0)" true
'

test_expect_success 'on a phone no word is broken, and the verdict is in sight' '
	size 360 740 && media light &&
	whole="Array.from(document.querySelectorAll(\"td, tbody th\")).every(
		c => { const r = document.createRange();
		const w = document.createTreeWalker(c, NodeFilter.SHOW_TEXT);
		for (let n = w.nextNode(); n; n = w.nextNode())
			for (const m of n.data.matchAll(/(?<![\\w.])\\w{1,16}(?![\\w.])/g)) {
				r.setStart(n, m.index);
				r.setEnd(n, m.index + m[0].length);
				if (new Set(Array.from(r.getClientRects(),
						x => x.top)).size > 1)
					return false;
			}
		return true; })" &&
	for page in index artifact-1-fraud compare
	do
		browser_open "$PWD/site/$page.html" &&
		sound && js_is "$whole" true && screen $page-phone || return 1
	done &&
	js_is "Array.from(document.querySelectorAll(\"td.verdict\")).every(
		e => e.getBoundingClientRect().right <= innerWidth)" true &&
	js_is "document.querySelectorAll(\"td.verdict\").length > 0" true &&
	js_is "(f => f.length > 10 && f.every(
		e => e.getBoundingClientRect().right <= innerWidth &&
		(e.title || e.closest(\"[aria-hidden]\"))))(
		Array.from(document.querySelectorAll(\".heat li\")))" true
'

test_expect_success 'the page of a plot stands alone' '
	size 1200 900 &&
	browser_open "$PWD/plot.html" &&
	sound && js_is "$drawn" true && screen plot
'

# The policy does what it says: also what somebody should manage to add.
test_expect_success 'a script that is not ours does not run' '
	sed "s|<h1>|<script>window.__pwned=1</script><h1 onclick=\"1\">|" \
		site/index.html >site/tampered.html &&
	grep -q "__pwned=1</script><h1" site/tampered.html &&
	browser_open "$PWD/site/tampered.html" &&
	js_is "typeof window.__pwned" "\"undefined\"" &&
	wd POST /se/log "{\"type\":\"browser\"}" >refused &&
	test_grep "Content Security Policy" refused &&
	js_is "fetch(\"https://example.com/\").then(() => \"left\", () => \"no\")" \
		"\"no\""
'

browser_stop
test_done
